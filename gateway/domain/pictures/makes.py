"""Makes of cameras that send mails: patterns that read their subjects and texts. PURE.

Owns what a row of the table may hold and how it reads a mail. The shipped rows: `makes.toml` in
`gateway.ingest.pictures.mail`; an installer adds rows under `[camera_makes]`. Patterns are run in the
process that reads mails, which has a limit of time.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import product
from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.errors import BadConfigurationError

MAX_TEXT = 4_000  # characters of a mail that are searched
MAX_NAME = 64
Pattern = Annotated[str, Meta(max_length=400)]


class MakeError(BadConfigurationError):
    """A row with a pattern that cannot be used."""


class MakeRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the mails of one make are read. Each pattern finds its value in its first group."""

    title: str = ""
    sign: Pattern = ""  # what its mails have; empty: any mail
    name: Pattern = ""  # the camera's name
    battery_pct: Pattern = ""
    battery_v: Pattern = ""
    battery_steps: Pattern = ""  # two groups: 4 of 6
    temperature_c: Pattern = ""
    temperature_f: Pattern = ""
    time: Pattern = ""  # one group, or two: date and time of day
    time_format: tuple[str, ...] = ("%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S")


PATTERNS = tuple(name for name in MakeRow.__struct_fields__ if name not in {"title", "time_format"})


class MailFacts(Struct, frozen=True, omit_defaults=True):
    """What a mail says of its camera. `time`: local time of the camera, in ISO form."""

    make: str = ""
    name: str = ""
    battery_pct: float | None = None
    battery_v: float | None = None
    temperature_c: float | None = None
    time: str = ""


def check(makes: Mapping[str, MakeRow]) -> None:
    """Raises MakeError for a pattern that is none, or has no group for its value."""
    for make, row in makes.items():
        for field in PATTERNS:
            _check_pattern(f"{make}.{field}", field, getattr(row, field))


def _check_pattern(where: str, field: str, pattern: str) -> None:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise MakeError(f"camera_makes.{where} = {pattern!r}: {error}") from None
    least = {"sign": 0, "battery_steps": 2}.get(field, 1)
    if pattern and groups < least:
        raise MakeError(
            f"camera_makes.{where} = {pattern!r}: needs a group (...) for the value"
            f"{', two of them' if least == 2 else ''}"
        )


def read(subject: str, text: str, makes: Mapping[str, MakeRow], only: str = "") -> MailFacts:
    """What the first row that fits finds. `only`: the row that the camera was registered with."""
    whole = f"{subject}\n{text}"[:MAX_TEXT]
    for make, row in makes.items():
        if make == only or (not only and _fits(row, whole)):
            return _facts(make, row, whole)
    return MailFacts()


def _fits(row: MakeRow, whole: str) -> bool:
    """Whether the mail has the row's sign and, if it reads one, a name."""
    if row.sign and not re.search(row.sign, whole):
        return False
    return not row.name or bool(re.search(row.name, whole))


def _facts(make: str, row: MakeRow, whole: str) -> MailFacts:
    celsius = _number(row.temperature_c, whole, -60, 80)
    if celsius is None and (found := _number(row.temperature_f, whole, -76, 176)) is not None:
        celsius = round((found - 32) / 1.8, 1)
    return MailFacts(
        make=make,
        name=_found(row.name, whole)[:MAX_NAME].strip(),
        battery_pct=_battery(row, whole),
        battery_v=_number(row.battery_v, whole, 0.1, 60),
        temperature_c=celsius,
        time=_time(row, whole),
    )


def _found(pattern: str, whole: str) -> str:
    match = re.search(pattern, whole) if pattern else None
    return " ".join(part.strip() for part in match.groups() if part) if match else ""


def _number(pattern: str, whole: str, least: float, most: float) -> float | None:
    match = re.search(pattern, whole) if pattern else None
    try:
        value = float(match[1].replace(",", ".")) if match else None
    except (ValueError, AttributeError):
        return None
    return value if value is not None and least <= value <= most else None


def _battery(row: MakeRow, whole: str) -> float | None:
    if (percent := _number(row.battery_pct, whole, 0, 100)) is not None:
        return percent
    match = re.search(row.battery_steps, whole) if row.battery_steps else None
    try:
        step, of = (int(match[1]), int(match[2])) if match else (0, 0)
    except (ValueError, TypeError):
        return None
    return round(100 * step / of) if 0 <= step <= of and of else None


def _time(row: MakeRow, whole: str) -> str:
    """The first time in the mail that one of the row's formats reads."""
    texts = _matches(row.time, whole)
    for text, form in product(texts, row.time_format):
        try:
            return datetime.strptime(text, form).isoformat()  # noqa: DTZ007 - its zone is the camera's
        except ValueError:
            continue
    return ""


def _matches(pattern: str, whole: str) -> Iterable[str]:
    if not pattern:
        return []
    found = re.finditer(pattern, whole)
    return [" ".join(part for part in match.groups() if part) for match in found]
