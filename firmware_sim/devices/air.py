"""What reaches a radio gateway: path loss over land, fading, the duty cycle, hops of a mesh.

Owns these as pure functions of places and streams. Must not know payloads. A frame is heard where its
signal is above LIMIT_DBM; forest on the way and hills, drawn once for each pair, weaken it, and it fades.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from firmware_sim.habitat import fields, land
from firmware_sim.habitat.random_streams import fraction, key
from firmware_sim.habitat.scenario import DeviceSpec, RadioGateway, Scenario

SENT_DBM, AT_1_M_DB, EXPONENT = 13.0, 32.0, 3.0
FOREST_DB_PER_KM, HILLS_DB, FADING_DB = 4.0, 6.0, 3.0
LIMIT_DBM, NOISE_DBM = -124.0, -116.0  # spreading factor 9, 125 kHz
DUTY_S = 20.0  # between two frames of a device: airtime of 0.2 s and 1 %
SAMPLES = 12  # of the land between two places


class Reception(NamedTuple):
    """One gateway that heard a frame."""

    gateway: str
    rssi_dbm: int
    snr_db: float


def heard(scenario: Scenario, spec: DeviceSpec, frame: int) -> list[Reception]:
    """Give the gateways that hear a frame, the best first."""
    found = []
    for gateway in scenario.gateways:
        level = _mean_dbm(scenario.seed, spec.at, gateway)
        level += FADING_DB * _normal(key(scenario.seed, spec.id, gateway.id), frame)
        if level >= LIMIT_DBM:
            snr = round(min(10.0, level - NOISE_DBM), 1)
            found.append(Reception(gateway.id, round(level), snr))
    return sorted(found, key=lambda one: -one.rssi_dbm)


def relayed(stream: int, packet: int, hops: int, lost: float) -> bool:
    """Whether a mesh packet survives its hops, each of which loses it with the same chance."""
    return all(fraction(stream ^ 20 + hop, packet) >= lost for hop in range(hops + 1))


@lru_cache(maxsize=20_000)
def _mean_dbm(seed: int, at: tuple[float, float], gateway: RadioGateway) -> float:
    """The signal without fading."""
    lat, lon = (np.linspace(a, b, SAMPLES) for a, b in zip(at, gateway.at, strict=True))
    east, north = fields.metres(lat, lon)
    metres = max(1.0, math.hypot(east[-1] - east[0], north[-1] - north[0]))
    forest = float((land.land_use(lat, lon, seed) == land.USES.index("forest")).mean())
    hills = abs(_normal(key(seed, gateway.id, *at), 0)) * HILLS_DB
    loss = AT_1_M_DB + 10 * EXPONENT * math.log10(metres) - gateway.height_gain_db
    return SENT_DBM - loss - hills - forest * FOREST_DB_PER_KM * metres / 1000


def _normal(stream: int, counter: int) -> float:
    """One number of a standard normal distribution (Box and Muller)."""
    far = math.sqrt(-2 * math.log(1 - fraction(stream, 2 * counter)))
    return far * math.cos(2 * math.pi * fraction(stream, 2 * counter + 1))
