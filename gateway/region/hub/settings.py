"""The hub's own settings: one small TOML file.

Owns their names, defaults and limits. Must not connect. Passwords of PostgreSQL stand in its password file
(`PGPASSFILE`), not here.
"""

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from gateway.domain.errors import BadConfigurationError

Count = Annotated[int, Meta(ge=0)]


class HubSettingsError(BadConfigurationError):
    """The file cannot be used; the text names the setting and what is allowed."""


class ParentSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hub one level up that is sent sums by 5 km squares: `[parent]`."""

    url: Annotated[str, Meta(pattern=r"^https?://[^\s/?#@]+\Z", description="https://host[:port]")]
    town: str  # this hub's name there, as its certificate says
    certificate: str = ""  # file, and its private key:
    key: str = ""
    ca: str = ""  # file: who vouches for that hub; empty: the system's certificates
    proxy: str = ""


class HubSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a hub is told; `deploy/region/templates/receiver.toml` is how a machine's file is made."""

    database: str  # postgresql://USER@HOST:PORT/NAME, or several hosts
    listen: str = "127.0.0.1:8610"  # HOST:PORT or the path of a unix socket, behind the proxy only
    connections: Annotated[int, Meta(ge=2, le=200)] = 12  # to PostgreSQL, of each of two pools
    replicas: Count = 0  # synchronous ones without which nothing is confirmed
    silent_after_s: Annotated[int, Meta(ge=60)] = 3_600  # a town not heard for longer is named
    title: str = "猪垣 Shishigaki"
    public_url: str = ""  # where people open the pages
    parent: ParentSettings | None = None


def load_settings(path: Path) -> HubSettings:
    """The settings of a file. Raises HubSettingsError."""
    try:
        given = tomllib.loads(path.read_text("utf-8"))
        settings = msgspec.convert(given, HubSettings)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise HubSettingsError(f"{path}: {error}; a TOML file is needed") from None
    except msgspec.ValidationError as error:
        names = ", ".join(HubSettings.__struct_fields__)
        raise HubSettingsError(f"{path}: {error}; settings are {names}") from None
    address(settings.listen)
    return settings


def address(listen: str) -> tuple[str, int] | None:
    """Host and port; None: it is the path of a unix socket. Raises HubSettingsError."""
    if listen.startswith("/"):
        return None
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise HubSettingsError(f"listen = {listen!r}; allowed: HOST:PORT or /PATH of a unix socket")
    return host.strip("[]"), int(port)
