"""One device of a scenario, as its file names it.

Owns the fields. Must not read files.
"""

from typing import Literal

from msgspec import Struct

RadioName = Literal["native", "chirpstack", "meshtastic"]
TrapType = Literal["", "snare", "box"]


class DeviceSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """One device of a scenario."""

    id: str  # native name, devEui, or Meshtastic node id
    role: Literal["trap", "detector"]
    name: str
    at: tuple[float, float]  # latitude, longitude in degrees, WGS 84
    area: str
    radio: RadioName = "native"
    model: str = ""
    trap_type: TrapType = ""
    inverted: bool = False  # a magnet contact that closes when the trap springs
    sleeps: bool = False  # connects only to send (native)
    clock: Literal["gps", "ntp", "rtc", "none"] = "ntp"  # native
    forgets: bool = False  # its boot number begins again at every start (native)
    retains: bool = False  # its firmware retains what it publishes (native)
    hops: int | None = None  # to the node that uplinks its packets (meshtastic)
    power: Literal["cell", "solar"] = "cell"
