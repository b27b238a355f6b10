"""Scenarios: the devices, their positions and the faults of a simulated world, read from TOML.

Owns the file format of `scenarios/*.toml` and the registry rows made from it. Must not simulate.
"""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from firmware_sim.habitat import crowd
from firmware_sim.habitat.crowd import Crowd
from firmware_sim.habitat.device_spec import DeviceSpec as DeviceSpec
from firmware_sim.habitat.species_habits import Habitat


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


class Trouble(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that goes wrong from the day `first` to the day `last` (MM-DD) of every year.

    storm: areas fall silent, wind and water spring traps. theft: devices are moved and taken away, and
    replaced after two weeks. clock: devices' clocks are wrong, always. rename: a firmware names the fields
    of its frames differently from `first` on. dark: solar cells give nothing.
    """

    kind: Literal["storm", "theft", "clock", "rename", "dark"]
    first: str = "01-01"
    last: str = "12-31"
    share: float = 1.0  # of the devices, or of the areas, that it hits


class RadioGateway(Struct, frozen=True, forbid_unknown_fields=True):
    """A receiver of LoRaWAN frames or mesh packets."""

    id: str
    at: tuple[float, float]
    height_gain_db: float = 10.0  # of an antenna above the trees


class Scenario(Struct, frozen=True, forbid_unknown_fields=True):
    """A world: land, animals' habitat, devices and faults."""

    name: str
    title: str
    site: str
    devices: tuple[DeviceSpec, ...] = ()
    seed: int = 1
    habitat: Habitat = "smooth"
    heartbeat_s: int = 21_600
    faults: FaultRates = FaultRates()
    outline: tuple[tuple[float, float], ...] = ()  # of safe land: (latitude, longitude) corners
    start: str = ""  # the day on which an evaluation begins, 2018-04-01
    animals: float = 0.0  # groups with home ranges, relative to the usual number; 0: a density
    catch: dict[str, float] = {}  # of groups: the chance that a pass springs a trap, by species
    season: tuple[str, str] | None = None  # traps are set from the first to the last day (MM-DD)
    troubles: tuple[Trouble, ...] = ()
    gateways: tuple[RadioGateway, ...] = ()  # none: frames are lost at `faults.frame_lost` anywhere
    crowd: Crowd | None = None  # devices that are not written one by one


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
    if scenario.crowd is not None:
        more = crowd.devices(scenario.crowd, scenario.seed)
        scenario = msgspec.structs.replace(scenario, devices=(*scenario.devices, *more))
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
