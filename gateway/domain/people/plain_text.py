"""Names and notes as plain text: one spelling, no control of direction, a bounded length. PURE.

Owns which texts of a value are cleaned. A name with U+202E turns round the text beside it on a page, on paper
and in messages.
"""

import unicodedata

from msgspec.structs import replace

from gateway.domain.model import Device
from gateway.domain.traps.trap_action import TrapAction
from gateway.words.visible import visible

MOST_NAME = 100  # characters of a name
MOST_NOTE = 2_000


def plain_name(text: str, most: int = MOST_NAME) -> str:
    """One line: NFC, without controls and invisible characters, cut at `most` characters."""
    return _cut(visible(text).replace("\n", " ").replace("\t", " "), most)


def plain_note(text: str, most: int = MOST_NOTE) -> str:
    """The same with its lines."""
    return _cut(visible(text).replace("\t", " "), most)


def with_plain_names(device: Device) -> Device:
    """The device with its name and area as plain text, as it is stored."""
    name, area = plain_name(device.name), plain_name(device.area)
    if (name, area) == (device.name, device.area):
        return device
    return replace(device, name=name, area=area)


def with_plain_texts(act: TrapAction) -> TrapAction:
    """The action with everything that somebody typed as plain text, as it is stored."""
    return replace(
        act,
        by=plain_name(act.by),
        note=plain_note(act.note),
        photo=_plain(act.photo),
        species=_plain(act.species),
        sex=_plain(act.sex),
        age=_plain(act.age),
        weight_class=_plain(act.weight_class),
        fields={key: plain_note(value) for key, value in act.fields.items()},
    )


def _plain(text: str | None) -> str | None:
    return None if text is None else plain_name(text)


def _cut(text: str, most: int) -> str:
    return unicodedata.normalize("NFC", text)[:most].strip()
