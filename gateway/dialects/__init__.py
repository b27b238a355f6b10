"""Dialects: bytes of bought or built equipment to readings. One file a dialect; the table is `table.py`.

Owns the contract below. A dialect is pure: no clock, no I/O, no state.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from gateway.model import Device, Message, Reading


class Context(Struct, frozen=True):
    """What a dialect may know beside the message."""

    devices: Mapping[str, Device]  # the registry by address; empty for `shishigaki decode`
    site: str = ""  # the gateway's own site: its native devices go by their bare name
    models: Mapping[str, Any] = {}  # sensor model table (shipped and the operator's own)


Decode = Callable[[Message, Context], list[Reading]]
"""Give the readings a message means, oldest first; raise Refused when it means none."""


class Dialect(Struct, frozen=True):
    """A row of the table: what is understood and how to listen for it."""

    name: str
    title: str
    decode: Decode
    topics: tuple[str, ...]  # default topic filters
    qos_hint: str  # the setting at the source that raises its QoS, for a person
    understands: tuple[str, ...]  # kinds and fields, for the README's table
