"""Random numbers that depend on names, never on the order of calls.

Owns the functions from (seed, names, counters) to reproducible numbers. Must not keep state or use the
global generators: the same names always give the same numbers.
"""

from hashlib import blake2b
from random import Random

import numpy as np
from numpy.typing import NDArray

MASK = (1 << 64) - 1
TWO_53 = 1.0 / (1 << 53)


def key(*parts: object) -> int:
    """Give the 64-bit key of a stream named by `parts`."""
    name = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big")


def mix(stream: int, counter: int) -> int:
    """Give the 64-bit number at `counter` of the stream (splitmix64)."""
    z = (stream + counter * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def fraction(stream: int, counter: int) -> float:
    """Give the number at `counter` of the stream, uniform in [0, 1)."""
    return (mix(stream, counter) >> 11) * TWO_53


def fractions(streams: NDArray[np.uint64], counter: int) -> NDArray[np.float64]:
    """Give `fraction` of every stream at once."""
    with np.errstate(over="ignore"):
        z = streams + np.uint64(counter * 0x9E3779B97F4A7C15 & MASK)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * TWO_53


def rng(stream: int, counter: int = 0) -> Random:
    """A new generator for one block of draws, e.g. one device's day."""
    return Random(mix(stream, counter))  # noqa: S311 - a simulation, no secret
