"""The settings of the broker's own files on this machine, and of the address that sensors are given. PURE.

Owns names, defaults and limits. Must not read a file.
"""

from typing import Annotated

from msgspec import Meta, Struct

Name = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}\Z", description="a host name or an IP address"
    ),
]


class BrokerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """mosquitto's files that we write, if the broker runs on this machine."""

    folder: str = "/etc/mosquitto"
    pid_file: str = "/run/mosquitto/mosquitto.pid"
    port: Annotated[int, Meta(ge=1, le=65_535)] = 8883  # for sensors, with TLS
    names: tuple[Name, ...] = ()  # beside the host's own, the first is what sensors are given
