"""What is asked in the first hour, from a file or a terminal. PURE but for reading the file.

Owns the names of the answers and what each allows. Must not apply them.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from gateway.config import ConfigError, SlugName
from gateway.config.dashboard import Port
from gateway.domain import zones
from gateway.words.catalogue import Language

Network = Literal["keep", "wifi", "lte"]
ShortText = Annotated[str, Meta(max_length=60)]


class Answers(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answers of the first hour; secrets stand in a file or are typed, never in a command line."""

    site: SlugName = "site"
    title: ShortText = ""
    timezone: str = "Asia/Tokyo"
    language: Language = "ja"
    person: SlugName = "admin"  # the first administrator, who is told
    person_title: ShortText = ""
    channel: str = ""  # where messages go; empty: nobody is told yet
    network: Network = "keep"
    wifi_name: str = ""
    wifi_password: str = ""
    lte_apn: str = ""
    lte_user: str = ""
    lte_password: str = ""
    port: Port = 8000

    def __post_init__(self) -> None:
        if why := zones.problem(self.timezone):
            raise ValueError(f"timezone = {self.timezone!r}: {why}")
        if self.network == "wifi" and not self.wifi_name:
            raise ValueError("wifi_name: the name of the network is missing")
        if self.wifi_password and not 8 <= len(self.wifi_password) <= 63:
            raise ValueError("wifi_password: 8 to 63 characters")
        if self.network == "lte" and not self.lte_apn:
            raise ValueError("lte_apn: the provider's access point is missing, e.g. soracom.io")


def read_answers(file: Path, now: Answers) -> Answers:
    """The answers of a TOML file beside what is set now. Raises ConfigError, which shows no secret."""
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not TOML: {error}") from None
    return answers_of(now, values, str(file))


def answers_of(now: Answers, values: Mapping[str, object], where: str) -> Answers:
    """The checked answers, with what is set now where there are none. Raises ConfigError."""
    known = {key: getattr(now, key) for key in Answers.__struct_fields__}
    try:
        return msgspec.convert({**known, **values}, Answers)
    except (msgspec.ValidationError, ValueError) as error:
        raise ConfigError(f"{where}: {error}; answers: {', '.join(known)}") from None
