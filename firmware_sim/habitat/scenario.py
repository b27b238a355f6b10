"""Scenarios: the devices, their positions and the faults of a simulated world, read from TOML.

Owns the file format of `scenarios/*.toml` and the registry rows made from it. Must not simulate.
"""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from firmware_sim.habitat.wildlife import Habitat

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


class FaultRates(Struct, frozen=True, forbid_unknown_fields=True):
    """How often things go wrong; probabilities."""

    device_silent_per_week: float = 0.0  # one device offline for hours to days
    area_silent_per_week: float = 0.0  # a whole area offline for hours
    frame_lost: float = 0.0  # of LoRaWAN and mesh frames
    frame_doubled: float = 0.0
    false_spring_per_day: float = 0.0
    tamper_per_day: float = 0.0
    patrol_skipped: float = 0.0  # of the daily visits to traps
    neglected: float = 0.0  # share of devices whose battery is never changed


class Scenario(Struct, frozen=True, forbid_unknown_fields=True):
    """A world: land, animals' habitat, devices and faults."""

    name: str
    title: str
    site: str
    devices: tuple[DeviceSpec, ...]
    seed: int = 1
    habitat: Habitat = "smooth"
    heartbeat_s: int = 21_600
    faults: FaultRates = FaultRates()
    outline: tuple[tuple[float, float], ...] = ()  # of safe land: (latitude, longitude) corners


class ScenarioError(ValueError):
    """The scenario cannot be used; the message says what is wrong and what is allowed."""


def shipped_scenarios() -> list[str]:
    """Name the scenarios that come with the package."""
    folder = resources.files("firmware_sim") / "scenarios"
    return sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml"))


def load(name_or_path: str | Path) -> Scenario:
    """Read a shipped scenario by name, or a TOML file by path. Raises ScenarioError."""
    text = _text(name_or_path)
    try:
        scenario = msgspec.convert(tomllib.loads(text), Scenario)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ScenarioError(f"scenario {name_or_path}: {error}") from error
    ids = [spec.id for spec in scenario.devices]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise ScenarioError(f"scenario {name_or_path}: device ids must be unique, twice: {twice}")
    return scenario


def registry(scenario: Scenario) -> list[dict[str, object]]:
    """One row per device, in the columns of the gateway's device import."""
    return [
        {
            "id": spec.id,
            "role": spec.role,
            "name": spec.name,
            "lat": spec.at[0],
            "lon": spec.at[1],
            "area": spec.area,
            "dialect": spec.radio,
            "model": spec.model,
            "trap_type": spec.trap_type,
            "heartbeat_s": scenario.heartbeat_s,
            "inverted": spec.inverted,
        }
        for spec in scenario.devices
    ]


def _text(name_or_path: str | Path) -> str:
    if str(name_or_path) in shipped_scenarios():
        folder = resources.files("firmware_sim") / "scenarios"
        return (folder / f"{name_or_path}.toml").read_text("utf-8")
    try:
        return Path(name_or_path).read_text("utf-8")
    except OSError as error:
        choice = ", ".join(shipped_scenarios())
        raise ScenarioError(
            f"scenario {name_or_path}: neither a file nor one of {choice} ({error.strerror})"
        ) from error
