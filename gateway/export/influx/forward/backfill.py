"""Sends a time of the journal once more: after the server lost it, or for what `verify` found.

Owns the resumable walk. Sending is idempotent, so it may run beside the service and be repeated.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial

import msgspec
from msgspec import Struct

from gateway.domain.epoch import HOUR_MS, ms
from gateway.export.influx.forward.sender import PAUSE, Sender
from gateway.store import Store, Transaction
from gateway.store.setting_keys import SettingKey


class BackfillCursor(Struct, frozen=True):
    """How far a backfill came."""

    start_ms: int
    end_ms: int
    after: int = 0  # journal number


class BackfillStep(Struct, frozen=True):
    """Progress for a person: events sent of all, points that the server refused."""

    sent: int
    total: int
    refused: int


async def backfill(
    store: Store, sender: Sender, start: datetime, end: datetime
) -> AsyncIterator[BackfillStep]:
    """Send what was observed in [start, end), then the roll-ups; goes on where the last run broke off.

    Raises Held or Later when the server takes nothing: run it again, it resumes.
    """
    walk = await store.read(
        lambda r: _resume(r.follower.get(SettingKey.INFLUX_BACKFILL), ms(start), ms(end))
    )
    lo, hi = walk.start_ms, walk.end_ms
    total = await store.read(lambda r: r.counts.observed(0, lo, hi))
    left = await store.read(lambda r: r.counts.observed(walk.after, lo, hi))
    step = BackfillStep(total - left, total, 0)
    yield step
    while (job := await sender.prepare_observed(walk.after, lo, hi)).lines and job.span:
        walk = BackfillCursor(lo, hi, job.span[1])
        refused = await sender.send(job, partial(_remember, walk))
        step = BackfillStep(step.sent + len(job.lines), total, step.refused + refused)
        yield step
    await _mark_hours(store, lo, hi)
    while (job := await sender.prepare_hours()) is not PAUSE:
        await sender.send(job)
        yield step
    await sender.send_states()
    await store.write(lambda tx: tx.follower.put(SettingKey.INFLUX_BACKFILL, ""))


async def _mark_hours(store: Store, start_ms: int, end_ms: int) -> None:
    hours = (start_ms // HOUR_MS, -(-end_ms // HOUR_MS))
    for device in await store.read(lambda r: r.follower.device_numbers()):
        await store.write(partial(_mark, device, hours))


def _resume(text: str | None, start_ms: int, end_ms: int) -> BackfillCursor:
    """The unfinished walk over the same time, or a new one."""
    if text:
        walk = msgspec.json.decode(text, type=BackfillCursor)
        if (walk.start_ms, walk.end_ms) == (start_ms, end_ms):
            return walk
    return BackfillCursor(start_ms, end_ms)


def _remember(walk: BackfillCursor, tx: Transaction) -> None:
    tx.follower.put(SettingKey.INFLUX_BACKFILL, msgspec.json.encode(walk).decode())


def _mark(device_no: int, hours: tuple[int, int], tx: Transaction) -> None:
    tx.follower.mark_hours(device_no, *hours)
