"""The one writer: everything that changes the database, in transactions.

Owns the statements that write, and a cache of devices and states that is current after every commit.
Must not judge: callers decide what is stored. Used from one thread at a time.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from heapq import merge
from pathlib import Path
from zoneinfo import ZoneInfo

import apsw
from msgspec.structs import replace

from gateway.domain import trap_lifecycle
from gateway.domain.device_state import Order
from gateway.domain.effort import HourlyTally, Mark
from gateway.domain.epoch import local_day, ms
from gateway.domain.identity import Identity, identity_of
from gateway.domain.model import Device, DeviceState, Event, Kind, Standing, TrapState
from gateway.domain.people.plain_text import with_plain_names
from gateway.store.checks.table import CaptureCheckTable
from gateway.store.clocks.clock_errors import ClockTable
from gateway.store.connection import open_writer, transaction
from gateway.store.damage.table import DamageTable
from gateway.store.followers.influx import InfluxTable
from gateway.store.followers.region import RegionTable
from gateway.store.imports.table import ImportTable
from gateway.store.people.agreements import AgreementTable
from gateway.store.people.photos import PhotoTable
from gateway.store.people.push import PushTable
from gateway.store.people.sessions import SessionTable
from gateway.store.people.table import PeopleCache, PeopleTable
from gateway.store.people.tokens import TokenTable
from gateway.store.pictures.names import NameTable
from gateway.store.pictures.table import PictureTable
from gateway.store.reports.table import ReportTable
from gateway.store.reports.warnings import WarningTable
from gateway.store.rollups.months import MonthTable
from gateway.store.rollups.sums import add
from gateway.store.rows import (
    event_row,
    readable,
    state_column,
    to_device,
    to_json,
    to_state,
)
from gateway.store.siting.table import TrapPlanTable
from gateway.store.tables.actions import ActionTable
from gateway.store.tables.alerts import AlertTable
from gateway.store.tables.backlog import BacklogTable
from gateway.store.tables.boot_returns import BootReturnTable
from gateway.store.tables.held import HeldCache
from gateway.store.tables.journal import JournalTable
from gateway.store.tables.links import LinkTable, SentMessageTable
from gateway.store.tables.no_events import NoEventTable
from gateway.store.tables.outbox import OutboxTable
from gateway.store.tables.quarantine import QuarantineTable
from gateway.store.tables.resident_reports import SightingTable
from gateway.store.tables.unknown_devices import UnknownDeviceTable
from gateway.store.trial.table import TrialTable


class Writer:
    """The writing connection, or one to a copy. `zone`: whose days the daily roll-ups count."""

    def __init__(self, db: Path | apsw.Connection, zone: ZoneInfo, vfs: str | None = None) -> None:
        self.connection = open_writer(db, vfs) if isinstance(db, Path) else db
        self._zone = zone
        self._version = -1
        self._devices: dict[str, Device] = {}
        self._numbers: dict[str, int] = {}
        self._states: dict[str, DeviceState] = {}
        self._held = HeldCache.empty()
        self._people = PeopleCache()

    @contextlib.contextmanager
    def transaction(self) -> Iterator["Transaction"]:
        """One transaction; after an exception neither the database nor the caches are changed."""
        try:
            with transaction(self.connection):
                self._refresh()
                tx = Transaction(
                    self.connection,
                    self._devices,
                    self._numbers,
                    self._states,
                    self._zone,
                    self._held,
                    self._people,
                )
                yield tx
        except BaseException:
            self._version = -1  # the caches may hold values that were rolled back
            raise

    def close(self) -> None:
        """Close after the last transaction."""
        self.connection.close()

    def _refresh(self) -> None:
        """Read devices and states again if another process has written since."""
        version = self.connection.pragma("data_version")
        if version == self._version:
            return
        self._version = version
        for cached in (self._devices, self._numbers, self._states):
            cached.clear()
        self._held.forget()
        self._people.read(self.connection)
        for no, id_, body, state in self.connection.execute(
            "SELECT no, id, body, state FROM device"
        ):
            self._numbers[id_] = no
            for device in readable(to_device, [body]):  # a damaged body may hold another id
                self._devices[id_] = replace(device, id=id_)
            for known in readable(to_state, [state] if state is not None else []):
                self._states[id_] = replace(known, device=id_)


class Transaction:
    """What can be read and written in one transaction."""

    def __init__(
        self,
        connection: apsw.Connection,
        devices: dict[str, Device],
        numbers: dict[str, int],
        states: dict[str, DeviceState],
        zone: ZoneInfo,
        held: HeldCache,
        people: PeopleCache,
    ) -> None:
        self._connection = connection
        self._execute = self.execute = connection.execute  # `execute`: for this package only
        self._many = connection.executemany
        self._devices, self._numbers, self._states = devices, numbers, states
        self.devices: Mapping[str, Device] = devices  # the registry by address
        self.states: Mapping[str, DeviceState] = states  # the present state by address
        self._zone = zone
        self.sightings, self.trap_plans = SightingTable(connection), TrapPlanTable(connection)
        self.capture_checks, self.acts = CaptureCheckTable(connection), ActionTable(connection)
        self.people = PeopleTable(connection, people)
        self.sessions, self.tokens = SessionTable(connection), TokenTable(connection)
        self.agreements = AgreementTable(connection)
        self.photos, self.push = PhotoTable(connection), PushTable(connection)
        self.links = LinkTable(connection)
        self.alerts = AlertTable(connection)
        self.outbox, self.sent = OutboxTable(connection), SentMessageTable(connection)
        self.influx, self.region = InfluxTable(connection), RegionTable(connection)
        self.journal, self.damage = JournalTable(connection, numbers), DamageTable(connection)
        self.quarantine = QuarantineTable(connection, held.sizes)
        self.unknown = UnknownDeviceTable(connection, held.unknown)
        self.no_events, self.boot_returns = NoEventTable(connection), BootReturnTable(connection)
        self.backlog, self.trial = BacklogTable(connection), TrialTable(connection)
        self.warnings = WarningTable(connection)
        self.months, self.clocks = MonthTable(connection), ClockTable(connection)
        self.imports, self.pictures = ImportTable(connection), PictureTable(connection)
        self.reports, self.names = ReportTable(connection), NameTable(connection)

    def put_device(self, device: Device) -> None:
        """Register a device, or change it."""
        device = with_plain_names(device)
        row = (device.id, device.role.value, device.standing.value, to_json(device))
        [(number,)] = self._execute(
            "INSERT INTO device (id, role, standing, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE "
            "SET role = excluded.role, standing = excluded.standing, body = excluded.body RETURNING no",
            row,
        )
        self._numbers[device.id], self._devices[device.id] = number, device
        if device.standing is not Standing.PENDING:
            self.unknown.remove(device.id)

    def forget_device(self, device: str) -> None:
        """Delete a device that was never approved from the registry."""
        self._execute("DELETE FROM device WHERE id = ? AND state IS NULL", (device,))
        self._devices.pop(device, None)
        self._numbers.pop(device, None)
        self.unknown.remove(device)
        self.no_events.forget(device)

    def restore_state(self, device: str, state: bytes | None) -> None:
        """Put back the stored state that a device had; None: the one before its first event."""
        self._execute("UPDATE device SET state = ? WHERE id = ?", (state, device))
        self._states.pop(device, None)
        if state is not None:
            self._states[device] = to_state(state)

    def put_devices(self, devices: Iterable[Device]) -> None:
        """Register a list of devices."""
        for device in devices:
            self.put_device(device)

    def put_states(self, states: Iterable[DeviceState]) -> None:
        """Store new states of registered devices."""
        new = {state.device: state for state in states}
        self._states.update(new)
        rows = [(state_column(state), self._numbers[id_]) for id_, state in new.items()]
        self._many("UPDATE device SET state = ? WHERE no = ?", rows)

    def add_events(self, events: Sequence[tuple[Event, str | None]]) -> set[Identity]:
        """Insert events with their second keys; returns the identities that were there before."""
        newest = self._newest()
        rows = [event_row(event, key, self._numbers[event.device]) for event, key in events]
        self.journal.insert(rows)
        if self._newest() - newest == len(rows):  # the frequent case; no id was there before
            return set()
        sql = "SELECT d.id, e.id FROM event e JOIN device d ON d.no = e.device WHERE e.no > ?"
        new = set(self._execute(sql, (newest,)))
        return {identity_of(event) for event, _ in events} - new

    def _newest(self) -> int:
        """The number of the newest event in the journal."""
        [(number,)] = self._execute("SELECT coalesce(max(no), 0) FROM event")
        return int(number)

    def marks(self, device: str, since_ms: int) -> list[tuple[str, Mark]]:
        """(id, mark) of a device's events and of people's actions there from `since_ms` on, in order."""
        rows = self._execute(
            "SELECT id, observed_ms, boot, seq, kind, species, count, distinct_ FROM event "
            "WHERE device = ? AND observed_ms >= ? AND kind <> ? "
            "ORDER BY observed_ms, boot, seq",
            (self._numbers[device], since_ms, Kind.OFFLINE.value),
        )
        events = [
            (
                id_,
                Mark(
                    at,
                    boot or 0,
                    seq or 0,
                    Kind(kind),
                    species or "",
                    1 if n is None else n,
                    bool(own),
                ),
            )
            for id_, at, boot, seq, kind, species, n, own in rows
        ]
        actions = self.acts.marks(device, since_ms)
        return list(merge(events, actions, key=_place)) if actions else events

    def trap_before(self, device: str, at_ms: int, without: str | None = None) -> TrapState | None:
        """The trap's state just before a time, by sensor and people; `without`: not by this action."""
        action = self.acts.newest(device, at_ms, without)
        trap = trap_lifecycle.after(None, action[1]) if action else None
        for key, kind in sorted(self.journal.trap_reports(device, at_ms)):
            if action is None or key[0] > action[0]:
                trap = trap_lifecycle.after(trap, kind)
        return trap

    def add_tally(self, device: str, tally: HourlyTally) -> None:
        """Add hourly effort and sightings, and the same to the local days and months."""
        self.add_tallies([(device, tally)])

    def add_tallies(self, tallies: Iterable[tuple[str, HourlyTally]]) -> None:
        """The same for many devices at once."""
        hours, days, seen, seen_days = [], [], [], []
        for device, tally in tallies:
            no = self._numbers[device]
            for hour, cell in tally.effort.items():
                hours.append((no, hour, *cell))
                days.append((no, local_day(hour, self._zone), *cell))
            for (hour, species), cell in tally.sightings.items():
                seen.append((no, hour, species, *cell))
                seen_days.append((no, local_day(hour, self._zone), species, *cell))
        add(self._connection, "effort", "hour", hours)
        add(self._connection, "effort", "day", days)
        add(self._connection, "sighting", "hour", seen)
        add(self._connection, "sighting", "day", seen_days)
        self.months.add_late("effort", days)
        self.months.add_late("sighting", seen_days)

    def purge(self, before: datetime, limit: int) -> int:
        """Delete the oldest `limit` events if received before a time; sums and alerts stay.

        Events that a follower has not received stay too. Returns how many were deleted.
        """
        sent = min(self.influx.sent_up_to(), self.region.sent_up_to())
        return self.journal.purge(ms(before), sent, limit)

    def put_setting(self, key: str, value: str) -> None:
        """Store one setting."""
        self._execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (key, value))


def _place(found: tuple[str, Mark]) -> Order:
    mark = found[1]
    return (mark.at_ms, mark.boot, mark.seq)
