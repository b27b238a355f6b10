"""Sends a period of the journal again: after the server lost it, or for differences that `verify` found.

Owns the cursor, so that a stopped backfill resumes. Sending is idempotent: it may run beside the service
and be repeated.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial

import msgspec
from msgspec import Struct

from gateway.domain.epoch import HOUR_MS, ms
from gateway.export.influx.forward.sender import NOTHING_TO_SEND, Sender
from gateway.store import Store, Transaction
from gateway.store.setting_keys import SettingKey


class BackfillCursor(Struct, frozen=True):
    """How far a backfill has come."""

    start_ms: int
    end_ms: int
    after: int = 0  # journal number


class BackfillStep(Struct, frozen=True):
    """Progress: events sent, events in all, points that the server refused."""

    sent: int
    total: int
    refused: int


async def backfill(
    store: Store, sender: Sender, start: datetime, end: datetime
) -> AsyncIterator[BackfillStep]:
    """Send the events observed in [start, end), then their roll-ups; resumes an unfinished run.

    Raises ForwardingHaltedError or RetryLaterError if the server accepts nothing; a new run resumes.
    """
    cursor = await store.read(
        lambda r: _resume(r.influx.get(SettingKey.INFLUX_BACKFILL), ms(start), ms(end))
    )
    low_ms, high_ms = cursor.start_ms, cursor.end_ms
    total = await store.read(lambda r: r.counts.observed(0, low_ms, high_ms))
    left = await store.read(lambda r: r.counts.observed(cursor.after, low_ms, high_ms))
    step = BackfillStep(total - left, total, 0)
    yield step
    while (job := await sender.prepare_observed(cursor.after, low_ms, high_ms)).lines and job.span:
        cursor = BackfillCursor(low_ms, high_ms, job.span[1])
        refused = await sender.send(job, partial(_remember, cursor))
        step = BackfillStep(step.sent + len(job.lines), total, step.refused + refused)
        yield step
    await _mark_hours(store, low_ms, high_ms)
    while (job := await sender.prepare_hours()) is not NOTHING_TO_SEND:
        await sender.send(job)
        yield step
    await sender.send_states()
    await store.write(lambda tx: tx.influx.put(SettingKey.INFLUX_BACKFILL, ""))


async def _mark_hours(store: Store, start_ms: int, end_ms: int) -> None:
    hours = (start_ms // HOUR_MS, -(-end_ms // HOUR_MS))
    for device in await store.read(lambda r: r.influx.device_numbers()):
        await store.write(partial(_mark, device, hours))


def _resume(text: str | None, start_ms: int, end_ms: int) -> BackfillCursor:
    """The cursor of an unfinished run over the same period, or a new one."""
    if text:
        cursor = msgspec.json.decode(text, type=BackfillCursor)
        if (cursor.start_ms, cursor.end_ms) == (start_ms, end_ms):
            return cursor
    return BackfillCursor(start_ms, end_ms)


def _remember(cursor: BackfillCursor, tx: Transaction) -> None:
    tx.influx.put(SettingKey.INFLUX_BACKFILL, msgspec.json.encode(cursor).decode())


def _mark(device_no: int, hours: tuple[int, int], tx: Transaction) -> None:
    tx.influx.mark_hours(device_no, *hours)
