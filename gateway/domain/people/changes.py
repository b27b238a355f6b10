"""What changed at a person, in words that hold no secret. PURE.

Owns what the audit keeps of a change. Must not show a channel's URL or anything of a password.
"""

from datetime import datetime

from msgspec import Struct

from gateway.domain.people.person import Person

PLAIN = ("title", "language", "role", "duties", "groups", "places", "quiet", "digest")


class FieldChange(Struct, frozen=True):
    """One field before and after; "" stands for nothing."""

    field: str
    before: str
    after: str


class PersonChange(Struct, frozen=True):
    """One row of the audit: who changed whom, when and what."""

    at: datetime
    by: str
    person: str  # "": it is about no person
    what: (
        str  # added, changed, removed, imported, link (a sign-in link was made), secrets (rotated)
    )
    fields: tuple[FieldChange, ...]


def differences(before: Person | None, after: Person | None) -> tuple[FieldChange, ...]:
    """Every field that is another one, secrets replaced by what they are for."""
    found = [
        FieldChange(name, _plain(before, name), _plain(after, name))
        for name in PLAIN
        if _plain(before, name) != _plain(after, name)
    ]
    if _channels(before) != _channels(after):
        found.append(FieldChange("channels", _channels(before), _channels(after)))
    if (change := _password(before, after)) is not None:
        found.append(change)
    return tuple(found)


def _plain(person: Person | None, name: str) -> str:
    value = getattr(person, name, "")
    return ", ".join(str(one) for one in value) if isinstance(value, tuple) else str(value)


def _channels(person: Person | None) -> str:
    """Number and scheme of each channel: a new number is a new address."""
    return ", ".join(f"{one.id} {one.scheme}" for one in person.channels) if person else ""


def _password(before: Person | None, after: Person | None) -> FieldChange | None:
    old = before.password_hash if before else ""
    new = after.password_hash if after else ""
    if old == new:
        return None
    return FieldChange(
        "password", "set" if old else "", ("changed" if old else "set") if new else ""
    )
