"""Correcting the times that were stored while the clock was not trusted. One transaction.

Owns which rows move and which sums are recomputed. Must not read clocks: the caller gives the error.
Times from a device's own clock stay; times from the gateway's clock move. Effort, counts and states change as
if the events had arrived late.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from gateway.clock import UntrustedPeriod
from gateway.domain import effort
from gateway.domain.device_state import advance, grace_ms, placed
from gateway.domain.effort import HourlyTally, Mark
from gateway.domain.epoch import from_ms, ms
from gateway.domain.independence import INDEPENDENCE_MS
from gateway.domain.model import DeviceState, Event, TimeQuality
from gateway.store.followers.table import mark_events_after
from gateway.store.rows import EVENT_SELECT, readable, to_alert, to_event, to_json
from gateway.store.setting_keys import SettingKey
from gateway.store.tables.outbox import UNSETTLED
from gateway.store.writer import Transaction


def remember(tx: Transaction, period: UntrustedPeriod) -> UntrustedPeriod:
    """Store where a period begins, so that a restart in the same boot continues it."""
    newest = [_newest(tx, table) for table in ("event", "alert", "quarantine")]
    period = msgspec.structs.replace(
        period, event_no=newest[0], alert_no=newest[1], quarantine_no=newest[2]
    )
    tx.put_setting(SettingKey.UNTRUSTED_PERIOD, msgspec.json.encode(period).decode())
    tx.backlog.mark_lost()
    return period


def remembered(setting: str | None) -> UntrustedPeriod | None:
    """The period that had not ended when the program ended."""
    return msgspec.json.decode(setting, type=UntrustedPeriod) if setting else None


def forget(tx: Transaction) -> None:
    """The period is over; its rows stay as they are."""
    tx.put_setting(SettingKey.UNTRUSTED_PERIOD, "")
    tx.backlog.mark_lost()


def redate(tx: Transaction, period: UntrustedPeriod, error: timedelta) -> int:
    """Move the times of `period` by `error`; returns how many events moved."""
    shift_ms = round(error / timedelta(milliseconds=1))
    old = _events(tx, period)
    by_device: dict[str, list[Event]] = {}
    for event in old:
        by_device.setdefault(event.device, []).append(event)
    windows = {
        device: _window(tx, device, events, shift_ms) for device, events in by_device.items()
    }
    before = {device: _tally(tx, device, start) for device, start in windows.items()}
    _move_rows(tx, period, shift_ms)
    tx.backlog.redate(shift_ms)
    for device, start in windows.items():
        tx.add_tally(device, effort.difference(_tally(tx, device, start), before[device]))
    moved = _events(tx, period)
    tx.put_states(_state(tx, device, by_device[device], moved, shift_ms) for device in windows)
    forget(tx)
    return sum(event.time_quality is TimeQuality.UNTRUSTED for event in old)


def _events(tx: Transaction, period: UntrustedPeriod) -> list[Event]:
    sql = f"SELECT {EVENT_SELECT} WHERE e.no > ? ORDER BY e.no"
    return list(readable(to_event, tx.execute(sql, (period.event_no,))))


def _newest(tx: Transaction, table: str) -> int:
    [(number,)] = tx.execute(f"SELECT coalesce(max(no), 0) FROM {table}")
    return int(number)


def _window(tx: Transaction, device: str, events: Sequence[Event], shift_ms: int) -> int:
    """From when on the sums of a device can change, ms."""
    first = min(ms(event.observed_at) for event in events)
    grace = grace_ms(tx.devices[device].heartbeat_s)
    return min(first, first + shift_ms) - max(grace, INDEPENDENCE_MS) - 1


def _tally(tx: Transaction, device: str, start: int) -> HourlyTally:
    marks: list[Mark] = [mark for _, mark in tx.marks(device, start)]
    grace = grace_ms(tx.devices[device].heartbeat_s)
    return effort.tally(marks, grace, None, tx.trap_before(device, start))


def _move_rows(tx: Transaction, period: UntrustedPeriod, shift_ms: int) -> None:
    tx.execute(
        "UPDATE event SET received_ms = received_ms + ?1, "
        "observed_ms = observed_ms + iif(quality = ?3, ?1, 0), "
        "quality = iif(quality = ?3, ?4, quality) WHERE no > ?2",
        (
            shift_ms,
            period.event_no,
            TimeQuality.UNTRUSTED.value,
            TimeQuality.DERIVED.value,
        ),
    )
    mark_events_after(tx.execute, period.event_no)
    tx.execute(
        "UPDATE quarantine SET received_ms = received_ms + ? WHERE no > ?",
        (shift_ms, period.quarantine_no),
    )
    tx.execute(
        "UPDATE outbox SET due_ms = due_ms + ?1, since_ms = since_ms + ?1 WHERE alert IN "
        f"(SELECT id FROM alert WHERE no > ?2) AND {UNSETTLED}",
        (shift_ms, period.alert_no),
    )
    _move_alerts(tx, period, shift_ms)


def _move_alerts(tx: Transaction, period: UntrustedPeriod, shift_ms: int) -> None:
    rows: list[Any] = tx.execute(
        "SELECT body FROM alert WHERE no > ?", (period.alert_no,)
    ).fetchall()
    shift = timedelta(milliseconds=shift_ms)
    bodies: list[bytes] = [body for (body,) in rows]
    for alert in readable(to_alert, bodies):
        moved = msgspec.structs.replace(
            alert,
            opened_at=alert.opened_at + shift,
            observed_at=alert.observed_at + shift,
            expected_at=alert.expected_at + shift if alert.expected_at else None,
        )
        tx.execute(
            "UPDATE alert SET opened_ms = ?, body = ? WHERE id = ?",
            (ms(moved.opened_at), to_json(moved), moved.id),
        )


def _state(
    tx: Transaction, device: str, old: Sequence[Event], moved: Sequence[Event], shift_ms: int
) -> DeviceState:
    """The state with its order keys moved, then advanced again with the events of the period."""
    wrong = {ms(e.observed_at) for e in old if e.time_quality is TimeQuality.UNTRUSTED}
    state = tx.states.get(device)
    if state is None:
        return advance(None, placed(event for event in moved if event.device == device))

    def right(at_ms: int) -> int:
        return at_ms + shift_ms if at_ms in wrong else at_ms

    def head(key: tuple[int, int, int]) -> tuple[int, int, int]:
        return (right(key[0]), *key[1:])

    received = {ms(event.received_at) for event in old}
    seen = ms(state.last_seen)
    state = msgspec.structs.replace(
        state,
        last_seen=from_ms(seen + shift_ms) if seen in received else state.last_seen,
        head=head(state.head),
        trap_head=head(state.trap_head),
        online_head=head(state.online_head),
        set_head=head(state.set_head),
        sprung_head=head(state.sprung_head),
        detected={species: right(at) for species, at in state.detected.items()},
        facts={n: msgspec.structs.replace(f, at_ms=right(f.at_ms)) for n, f in state.facts.items()},
    )
    return advance(state, placed(event for event in moved if event.device == device))
