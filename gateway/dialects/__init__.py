"""Dialects: bytes of bought or built equipment to readings. One file a dialect; the table is `table.py`.

Owns the contract below. A dialect is pure: no clock, no I/O, no state. Whatever the bytes, it gives
readings or raises MessageRefusedError; any other exception is our bug.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from gateway.dialects.sensors.declared import Declared
from gateway.dialects.sensors.models import Models
from gateway.domain.model import Device, Message, Reading


class Context(Struct, frozen=True):
    """What a dialect may know beside the message."""

    devices: Mapping[str, Device] = {}  # the registry by address; empty for `shishigaki decode`
    site: str = ""  # the gateway's own site: its native devices go by their bare name
    models: Models | None = None  # sensor models; None: the shipped table
    declared: Declared | None = None  # what equipment has declared about itself
    assume: bool = False  # True: read unknown models by what their fields usually mean


DecodePayload = Callable[[Message, Context], list[Reading]]
"""Give the readings a message means, oldest first; raise MessageRefusedError when it means none."""


class Dialect(Struct, frozen=True):
    """A row of the table: what is understood and how to listen for it."""

    name: str
    title: str
    decode: DecodePayload
    topics: tuple[str, ...]  # default topic filters
    qos: str  # the QoS that the source uses by default, for a person
    understands: tuple[str, ...]  # kinds and fields, for the README's table
    resends: bool = False  # its devices keep each message until the gateway has confirmed it
