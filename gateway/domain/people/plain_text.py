"""Names and notes as plain text: one spelling, no control of direction, a bounded length. PURE.

Owns what is taken out. A name with U+202E turns round the text beside it on a page, on paper and in messages.
"""

import unicodedata

from msgspec.structs import replace

from gateway.domain.model import Device

MOST_NAME = 100  # characters of a name
MOST_NOTE = 2_000

# Unicode's controls of direction, and characters without width that make two names look alike.
INVISIBLE = frozenset(
    "\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)


def plain_name(text: str, most: int = MOST_NAME) -> str:
    """One line: NFC, without controls and invisible characters, cut at `most` characters."""
    return _plain(text, keep="")[:most].strip()


def with_plain_names(device: Device) -> Device:
    """The device with its name and area as plain text, as it is stored."""
    name, area = plain_name(device.name), plain_name(device.area)
    if (name, area) == (device.name, device.area):
        return device
    return replace(device, name=name, area=area)


def plain_note(text: str, most: int = MOST_NOTE) -> str:
    """The same with its lines."""
    return _plain(text, keep="\n")[:most].strip()


def _plain(text: str, keep: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\t", " ")
    spaced = lines if keep else lines.replace("\n", " ")
    visible = (
        one
        for one in spaced
        if one in keep or (one not in INVISIBLE and unicodedata.category(one) not in {"Cc", "Cs"})
    )
    return unicodedata.normalize("NFC", "".join(visible))
