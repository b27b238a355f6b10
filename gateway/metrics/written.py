"""Measures what gateway, broker and disk write, and keeps the newest figures for the page and the doctor.

Owns the samples of a week and the place of the figures in the database. Must not judge them (`card_life`).
The broker's bytes come from its control group, or from /proc where we may read that.
"""

import asyncio
import logging
import time
from collections import deque
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.metrics.card_life import Written
from gateway.metrics.disk_wear import DiskWear, process_bytes, text_of
from gateway.store import DiskError, Reader, Store
from gateway.store.setting_keys import SettingKey

log = logging.getLogger(__name__)
SETTLE_S = 600.0  # a start writes more than the hours after it
EVERY_S = 3_600.0
MAX_SAMPLES = 24 * 7
GROUP = "sys/fs/cgroup/system.slice/mosquitto.service/io.stat"
HOUR_S = 3_600.0


class Sample(Struct, frozen=True):
    """Counts at a moment; None: not told."""

    at_s: float
    gateway: float | None
    broker: float | None
    disk: float | None


class WrittenWatch:
    """The measuring of one gateway. `pid_file`: the broker's."""

    def __init__(self, store: Store, pid_file: Path, system: Path = Path("/")) -> None:
        self._store, self._pid_file, self._system = store, pid_file, system
        self._wear = DiskWear(store.path, system / "sys/dev/block", system / "proc/self/io")
        self._samples: deque[Sample] = deque(maxlen=MAX_SAMPLES)

    async def run(self) -> None:
        """Measure every hour until cancelled."""
        await asyncio.sleep(SETTLE_S)
        while True:
            await self.look(self.sample(time.monotonic()))
            await asyncio.sleep(EVERY_S)

    async def look(self, sample: Sample) -> None:
        """Add a sample, and keep what was written since the first one."""
        if self._samples and _began_again(self._samples[-1], sample):
            self._samples.clear()
        self._samples.append(sample)
        first = self._samples[0]
        if sample.at_s <= first.at_s:
            return
        text = msgspec.json.encode(_between(first, sample)).decode()
        try:
            await self._store.write(lambda tx: tx.put_setting(SettingKey.WRITTEN, text))
        except DiskError as error:
            log.debug("the written bytes are not kept: %s", error)

    def sample(self, at_s: float) -> Sample:
        """The counts now."""
        return Sample(at_s, self._wear.own_bytes(), self._broker_bytes(), self._wear.disk_bytes())

    def _broker_bytes(self) -> float | None:
        words = text_of(self._system / GROUP).split()
        if counts := [float(w.removeprefix("wbytes=")) for w in words if w.startswith("wbytes=")]:
            return sum(counts)
        pid = text_of(self._pid_file).strip()
        return process_bytes(self._system / "proc" / pid / "io") if pid.isdigit() else None


def stored(reader: Reader) -> Written | None:
    """The newest figures; None before the first hour."""
    text = reader.setting(SettingKey.WRITTEN)
    try:
        return msgspec.json.decode(text, type=Written) if text else None
    except msgspec.MsgspecError:
        return None


def _between(first: Sample, last: Sample) -> Written:
    def grown(before: float | None, now: float | None) -> float | None:
        return None if before is None or now is None else now - before

    return Written(
        hours=(last.at_s - first.at_s) / HOUR_S,
        gateway=grown(first.gateway, last.gateway),
        broker=grown(first.broker, last.broker),
        disk=grown(first.disk, last.disk),
    )


def _began_again(before: Sample, now: Sample) -> bool:
    """Whether a count is smaller than it was: the broker was started again."""
    pairs = ((before.gateway, now.gateway), (before.broker, now.broker), (before.disk, now.disk))
    return any(was is not None and is_ is not None and is_ < was for was, is_ in pairs)
