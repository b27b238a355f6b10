"""What a phone sends about one act, as values. PURE.

Owns the names of the JSON fields, their types and limits. Must not store or decide anything: the form's
own fields are checked by `outcome_form`.
"""

import re
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from gateway.domain.errors import BadInputError
from gateway.domain.traps.phone_time import PhoneTimes

MOST_BYTES = 65_536
MOST_FIELDS = 60
LONGEST_FIELD = 4_000  # characters
ID = re.compile(r"[0-9a-f]{32}\Z")
OWN = frozenset(
    {"id", "device", "person", "at", "phone_now", "seen", "phone_seen", "known", "stated_at"}
)


class ActRefusedError(BadInputError):
    """An act that cannot be recorded; `word`: the key of the text for the person."""

    def __init__(self, word: str, detail: str, status: int = 422) -> None:
        super().__init__(detail)
        self.word, self.detail, self.status = word, detail, status


class ActRequest(Struct, frozen=True):
    """One act as the phone sends it."""

    id: str
    device: str
    person: str  # who was logged in on the phone when it was done; "": the phone does not say
    times: PhoneTimes
    fields: dict[str, str]  # those of the form
    known: datetime | None = None  # the gateway's time up to which they know what others recorded

    @property
    def deed(self) -> str:
        """What was done: an action's name, or "acknowledge"."""
        return self.fields["do"]


def parse(body: bytes) -> ActRequest:
    """The act in a JSON body. Raises ActRefusedError, whose text names the field."""
    try:
        told = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise ActRefusedError("acts.unreadable", "the body must be one JSON object") from None
    if len(told) > MOST_FIELDS:
        raise ActRefusedError("acts.unreadable", f"more than {MOST_FIELDS} fields")
    fields = {name: _text(name, value) for name, value in told.items() if value is not None}
    if not ID.match(fields.get("id", "")):
        raise ActRefusedError("acts.unreadable", "id: needs 32 digits 0-9 a-f")
    for name in ("device", "do"):
        if not fields.get(name):
            raise ActRefusedError("acts.unreadable", f"{name}: is missing")
    times = PhoneTimes(
        _required(fields, "at"),
        _required(fields, "phone_now"),
        _moment("seen", fields.get("seen", "")),
        _moment("phone_seen", fields.get("phone_seen", "")),
    )
    form = {name: text for name, text in fields.items() if name not in OWN}
    if stated := fields.get("stated_at"):
        form["at"] = stated
    known = _moment("known", fields.get("known", ""))
    return ActRequest(fields["id"], fields["device"], fields.get("person", ""), times, form, known)


def _text(name: str, value: Any) -> str:
    """A value as a form would send it."""
    if name == "photos" and isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = " ".join(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ActRefusedError("acts.unreadable", f"{name[:40]!r}: needs a text or a number")
    text = str(value)
    if len(text) > LONGEST_FIELD or "\0" in text:
        raise ActRefusedError("acts.unreadable", f"{name[:40]!r}: too long, or holds a zero byte")
    return text


def _required(fields: dict[str, str], name: str) -> datetime:
    found = _moment(name, fields.get(name, ""))
    if found is None:
        raise ActRefusedError("acts.time", f"{name}: is missing")
    return found


def _moment(name: str, text: str) -> datetime | None:
    """A time with its distance from UTC; None: there is none."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ActRefusedError("acts.time", f"{name}: needs a time such as 2026-11-29T06:10:00Z")
    return found
