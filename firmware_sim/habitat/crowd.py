"""Devices that nobody writes one by one: spread over areas by a seed, in the mixture that towns have.

Owns the mixture and the places. Must not read files. The first devices stay the same when more are added.
"""

import math

from msgspec import Struct

from firmware_sim.habitat import fields
from firmware_sim.habitat.device_spec import DeviceSpec, RadioName, TrapType
from firmware_sim.habitat.random_streams import fraction, key


class Crowd(Struct, frozen=True, forbid_unknown_fields=True):
    """Devices that are spread over areas by the scenario's seed (`crowd.devices`)."""

    detectors: int
    traps: int
    areas: int
    south_west: tuple[float, float]
    north_east: tuple[float, float]
    spread_m: float = 1_200.0  # of the devices of an area around its middle
    solar: float = 0.0  # share with a solar cell


# Cumulative share, radio, model; the native model goes by role.
DETECTORS: tuple[tuple[float, RadioName, str], ...] = (
    (0.65, "native", "shishigaki-cam"),
    (1.0, "chirpstack", "milesight-ws202"),
)
TRAPS: tuple[tuple[float, RadioName, str], ...] = (
    (0.45, "native", "shishigaki-trap"),
    (0.65, "chirpstack", "milesight-ws301"),
    (0.8, "chirpstack", "milesight-em300-mcs"),
    (0.95, "chirpstack", "dragino-lds02"),
    (1.0, "meshtastic", "meshtastic"),
)
CLOCKS = ("ntp", "rtc", "rtc", "gps", "none")


def devices(crowd: Crowd, seed: int) -> list[DeviceSpec]:
    """Give the devices."""
    return [
        *(_device(crowd, seed, "detector", n) for n in range(crowd.detectors)),
        *(_device(crowd, seed, "trap", n) for n in range(crowd.traps)),
    ]


def _device(crowd: Crowd, seed: int, role: str, number: int) -> DeviceSpec:
    stream = key(seed, "crowd", role, number)
    is_trap = role == "trap"
    luck, area = fraction(stream, 1), int(fraction(stream, 2) * crowd.areas)
    radio, model = next((r, m) for below, r, m in (TRAPS if is_trap else DETECTORS) if luck < below)
    trap_type: TrapType = ("box" if fraction(stream, 3) < 0.4 else "snare") if is_trap else ""
    return DeviceSpec(
        id=_id(radio, role, number),
        role="trap" if is_trap else "detector",
        name=f"地区{area + 1:02} {'わな' if is_trap else 'カメラ'}{number + 1:04}",
        at=_place(crowd, seed, area, stream),
        area=f"地区{area + 1:02}",
        radio=radio,
        model=model,
        trap_type=trap_type,
        sleeps=is_trap and radio == "native",
        clock=CLOCKS[int(fraction(stream, 4) * len(CLOCKS))],  # type: ignore[arg-type]
        power="solar" if radio == "native" and fraction(stream, 5) < crowd.solar else "cell",
    )


def _id(radio: RadioName, role: str, number: int) -> str:
    if radio == "chirpstack":
        return f"24e124{'5a' if role == 'trap' else '5d'}{number:08x}"
    if radio == "meshtastic":
        return f"!7d{number:06x}"
    return f"{'trap' if role == 'trap' else 'det'}-{number + 1:04}"


def _place(crowd: Crowd, seed: int, area: int, stream: int) -> tuple[float, float]:
    """A place near the middle of an area, about normally spread."""
    name = key(seed, "crowd area", area)
    south, west = crowd.south_west
    north, east = crowd.north_east
    lat = south + (north - south) * fraction(name, 1)
    lon = west + (east - west) * fraction(name, 2)
    away = crowd.spread_m * math.sqrt(-2 * math.log(1 - fraction(stream, 6)))
    turn = 2 * math.pi * fraction(stream, 7)
    middle_east, middle_north = fields.metres(lat, lon)
    found = fields.degrees(
        middle_east + away * math.cos(turn), middle_north + away * math.sin(turn)
    )
    return round(float(found[0]), 5), round(float(found[1]), 5)
