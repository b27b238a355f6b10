"""The truth of one simulation in a file: compressed JSON lines, a head and then records in time order.

Owns the format. The same scenario, seed and period give the same bytes. Must not compare anything.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from msgspec import Struct

from firmware_sim.habitat.records import Record, TruthRecord
from firmware_sim.habitat.scenario import Scenario


class TruthFileError(ValueError):
    """The file is no truth file; the message names it."""


class TrueDevice(Struct, frozen=True):
    """A device as the truth knows it."""

    id: str
    role: str
    area: str
    radio: str
    lat: float
    lon: float


class Head(Struct, frozen=True, tag_field="t", tag="head"):
    """What was simulated."""

    scenario: str
    seed: int
    start: float  # Unix seconds
    end: float
    heartbeat_s: int
    devices: list[TrueDevice]


class TruthFile:
    """A truth file that is being written. A context manager."""

    def __init__(self, path: Path, head: Head) -> None:
        self._raw = path.open("wb")
        self._out = gzip.GzipFile("", "wb", 6, self._raw, mtime=0)  # no name and time: same bytes
        self._encode = msgspec.json.Encoder().encode
        self._put(head)

    def tell(self, record: TruthRecord) -> None:
        """Write one record."""
        self._put(record)

    def _put(self, record: Struct) -> None:
        self._out.write(self._encode(record) + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._out.close()
        self._raw.close()


def head_of(scenario: Scenario, start: float, end: float) -> Head:
    """The head of a simulation's file."""
    devices = [
        TrueDevice(spec.id, spec.role, spec.area, spec.radio, *spec.at) for spec in scenario.devices
    ]
    return Head(scenario.name, scenario.seed, start, end, scenario.heartbeat_s, devices)


def read(path: Path) -> tuple[Head, Iterator[Record]]:
    """The head and the records of a file. Raises TruthFileError."""
    lines = gzip.open(path, "rb")  # noqa: SIM115 - closed by whoever reads the records
    try:
        head = msgspec.json.decode(next(lines), type=Head)
    except (OSError, StopIteration, EOFError, msgspec.DecodeError) as error:
        lines.close()
        raise TruthFileError(
            f"{path}: not a truth file of `shishigaki evaluate`: {error}"
        ) from error
    return head, _records(lines)


def _records(lines: gzip.GzipFile) -> Iterator[Record]:
    decoder = msgspec.json.Decoder(Record)
    with lines:
        for line in lines:
            yield decoder.decode(line)
