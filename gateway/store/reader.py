"""What the pages and commands read: short queries that never block the writer.

Owns the reading statements. One connection per thread; use through `Store.read` from async code.
"""

import json
from collections import Counter
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.domain.epoch import DAY_MS, from_ms, ms
from gateway.domain.model import (
    ActionKind,
    Alert,
    Device,
    DeviceState,
    Event,
    Kind,
    RefusalReason,
    Standing,
    TrapAction,
)
from gateway.domain.resident_reports import Sighting
from gateway.store.answers import DeviceEffort, QuarantinedMessage, to_quarantined
from gateway.store.checks.table import CaptureCheckReads
from gateway.store.connection import open_reader
from gateway.store.damage.table import DamageReads
from gateway.store.followers.influx import InfluxReads
from gateway.store.followers.region import RegionReads
from gateway.store.imports.table import ImportReads
from gateway.store.people.agreements import AgreementReads
from gateway.store.people.photos import PhotoReads
from gateway.store.people.push import PushReads
from gateway.store.people.reads import PeopleReads
from gateway.store.people.sessions import SessionReads
from gateway.store.people.tokens import TokenReads
from gateway.store.pictures.names import NameReads
from gateway.store.pictures.table import PictureReads
from gateway.store.reports.table import ReportReads
from gateway.store.reports.warnings import WarningReads
from gateway.store.rollups.counts import CountReads
from gateway.store.rollups.hours import RollupReads
from gateway.store.rollups.periods import MakePeriodReads, PeriodReads
from gateway.store.rollups.visits import VisitReads
from gateway.store.rollups.walk import RollupWalk
from gateway.store.rows import (
    EVENT_SELECT,
    IS_OPEN,
    readable,
    to_act,
    to_alert,
    to_device,
    to_event,
    to_sighting,
    to_state,
)
from gateway.store.schema import MIGRATIONS
from gateway.store.siting.table import TrapPlanReads
from gateway.store.tables import backlog
from gateway.store.tables.held import HeldReads
from gateway.store.trial.table import TrialReads

NO_MAX = 2**63 - 1  # no number of a row is larger


class Reader:
    """The reading connection of one thread; or `connection`, on the thread that owns that one."""

    def __init__(self, path: Path, connection: Any = None) -> None:
        db = self._connection = connection or open_reader(path)
        self._execute = db.execute
        self.influx, self.region = InfluxReads(db), RegionReads(db)
        self.people, self.sessions = PeopleReads(db), SessionReads(db)
        self.tokens, self.agreements = TokenReads(db), AgreementReads(db)
        self.photos, self.push, self.imports = PhotoReads(db), PushReads(db), ImportReads(db)
        self.own_period_reads = PeriodReads(self._execute)  # sums and actions over spans of days
        self.period_reads = self.own_period_reads  # the same, from InfluxDB if so configured
        self.rollups, self.walk = RollupReads(db), RollupWalk(db)
        self.counts, self.held, self.damage = CountReads(db), HeldReads(db), DamageReads(db)
        self.trap_plans, self.pictures = TrapPlanReads(db), PictureReads(db)
        self.reports, self.warnings, self.names = ReportReads(db), WarningReads(db), NameReads(db)
        self.capture_checks = CaptureCheckReads(db)
        self.visits, self.trial = VisitReads(self._execute), TrialReads(db)

    def use_period_reads(self, make: MakePeriodReads) -> None:
        """Read the sums from another source."""
        self.period_reads = make(self._execute)

    def is_current(self) -> bool:
        """Whether the file has this program's schema: an older one is migrated at the next start."""
        return bool(self._connection.pragma("user_version") == len(MIGRATIONS))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def devices(self) -> list[Device]:
        """Every device that was ever registered or sent a message, by id."""
        rows = self._execute("SELECT body FROM device ORDER BY id")
        return list(readable(to_device, (body for (body,) in rows)))

    def registered(self, ids: Collection[str]) -> dict[str, Device]:
        """Those of these devices that are known."""
        sql = "SELECT body FROM device WHERE id IN (SELECT value FROM json_each(?))"
        rows = self._execute(sql, (json.dumps(sorted(ids)),))
        found = readable(to_device, (body for (body,) in rows))
        return {device.id: device for device in found}

    def states(self) -> dict[str, DeviceState]:
        """The present state of each device that has sent a message."""
        rows = self._execute("SELECT id, state FROM device WHERE state IS NOT NULL")
        return {id_: value for id_, state in rows for value in readable(to_state, [state])}

    def device(self, device_id: str) -> tuple[Device, DeviceState | None] | None:
        """One device and its present state (None before its first event); None: not registered."""
        sql = "SELECT body, state FROM device WHERE id = ?"
        row = self._execute(sql, (device_id,)).fetchone()
        return (
            (to_device(row[0]), to_state(row[1]) if row[1] is not None else None) if row else None
        )

    def pending(self) -> list[Device]:
        """Devices that wait for approval."""
        sql = "SELECT body FROM device WHERE standing = ? ORDER BY no"
        rows = self._execute(sql, (Standing.PENDING.value,))
        return list(readable(to_device, (body for (body,) in rows)))

    def latest_events(self, limit: int = 50, kinds: Collection[Kind] = tuple(Kind)) -> list[Event]:
        """The newest committed events of `kinds`, newest first."""
        marks = ", ".join("?" * len(kinds))
        sql = f"SELECT {EVENT_SELECT} WHERE e.kind IN ({marks}) ORDER BY e.no DESC LIMIT ?"
        bound = (*(kind.value for kind in kinds), limit)
        return list(readable(to_event, self._execute(sql, bound)))

    def events_after(self, no: int, limit: int) -> list[tuple[int, Event]]:
        """Events committed after journal number `no`, in order, with their numbers."""
        sql = f"SELECT e.no, {EVENT_SELECT} WHERE e.no > ? ORDER BY e.no LIMIT ?"
        rows = self._execute(sql, (no, limit))
        return list(readable(lambda row: (row[0], to_event(row[1:])), rows))

    def events_before(self, no: int | None, limit: int) -> list[tuple[int, Event]]:
        """Events with their journal numbers, newest first, before a number; None: the newest."""
        sql = f"SELECT e.no, {EVENT_SELECT} WHERE e.no < ? ORDER BY e.no DESC LIMIT ?"
        rows = self._execute(sql, (NO_MAX if no is None else no, limit))
        return list(readable(lambda row: (row[0], to_event(row[1:])), rows))

    def newest_receipt(self) -> datetime | None:
        """When the newest stored message was received; the clock never goes before it."""
        sql = (
            "SELECT max(received_ms) FROM (SELECT * FROM "
            "(SELECT received_ms FROM event ORDER BY no DESC LIMIT 1000) "
            "UNION ALL SELECT received_ms FROM backlog)"
        )
        row = self._execute(sql).fetchone()
        return from_ms(row[0]) if row and row[0] is not None else None

    def backlog(self) -> backlog.Size:
        """How many messages are stored and not judged yet."""
        return backlog.size(self._execute)

    def open_alerts(self) -> list[Alert]:
        """Alerts not yet resolved, newest first."""
        rows = self._execute(f"SELECT body FROM alert WHERE {IS_OPEN} ORDER BY no DESC")
        return list(readable(to_alert, (body for (body,) in rows)))

    def open_alerts_about(self, subject: str) -> list[Alert]:
        """Alerts about one subject that are not yet resolved, newest first."""
        sql = f"SELECT body FROM alert WHERE subject = ? AND {IS_OPEN} ORDER BY no DESC"
        return list(readable(to_alert, (body for (body,) in self._execute(sql, (subject,)))))

    def alert(self, alert_id: str) -> Alert | None:
        """One alert, or None."""
        row = self._execute("SELECT body FROM alert WHERE id = ?", (alert_id,)).fetchone()
        return to_alert(row[0]) if row else None

    def link_used(self, link: str) -> bool:
        """Whether an outcome was recorded by a one-tap link."""
        sql = "SELECT 1 FROM used_link WHERE id = ?"
        return self._execute(sql, (link,)).fetchone() is not None

    def latest_alerts(self, limit: int = 50) -> list[Alert]:
        """The newest alerts of any status."""
        rows = self._execute("SELECT body FROM alert ORDER BY no DESC LIMIT ?", (limit,))
        return list(readable(to_alert, (body for (body,) in rows)))

    def quarantine(
        self,
        limit: int = 100,
        reasons: Collection[RefusalReason] = tuple(RefusalReason),
        device: str | None = None,
    ) -> list[QuarantinedMessage]:
        """The newest refused messages, newest first."""
        marks = ", ".join("?" * len(reasons))
        sql = (
            "SELECT no, received_ms, topic, payload, reason, detail, device, replayed_ms "
            f"FROM quarantine WHERE reason IN ({marks}) {'' if device is None else 'AND device = ?'} "
            "ORDER BY no DESC LIMIT ?"
        )
        whose = () if device is None else (device,)
        rows = self._execute(sql, (*(reason.value for reason in reasons), *whose, limit))
        return list(readable(to_quarantined, rows))

    def counts_since(self, start: datetime) -> dict[str, dict[str, int]]:
        """Events observed from `start` on, by device and kind."""
        rows = self._execute(
            "SELECT d.id, e.kind, count(*) FROM event e JOIN device d ON d.no = e.device "
            "WHERE e.observed_ms >= ? GROUP BY d.id, e.kind ORDER BY e.kind DESC",
            (ms(start),),
        )
        found: dict[str, dict[str, int]] = {}
        for device, kind, count in rows:
            found.setdefault(device, {})[kind] = count
        return found

    def refused(self) -> Counter[str]:
        """How many messages are in the quarantine, by reason."""
        sql = "SELECT reason, count(*) FROM quarantine WHERE replayed_ms IS NULL GROUP BY reason"
        return Counter(dict(self._execute(sql)))

    def rates(self, start_day: int, end_day: int, species: str | None = None) -> list[DeviceEffort]:
        """Counts and effort per device over local days [start_day, end_day), days since 1970.

        `species` None: all together. Devices without effort and without counts are left out.
        """
        wanted = "" if species is None else "AND species = ?4"
        sql = f"""
            WITH effort AS (
                SELECT device, sum(alive_ms) alive, sum(armed_ms) armed FROM effort_day
                WHERE day >= ?1 AND day < ?2 GROUP BY device),
            seen AS (
                SELECT device, sum(records) r, sum(independent) i, sum(animals) a FROM sighting_day
                WHERE day >= ?1 AND day < ?2 {wanted} GROUP BY device)
            SELECT d.id, coalesce(alive, 0) / ?3, coalesce(armed, 0) / ?3,
                coalesce(r, 0), coalesce(i, 0), coalesce(a, 0)
            FROM device d LEFT JOIN effort ON effort.device = d.no LEFT JOIN seen ON seen.device = d.no
            WHERE alive IS NOT NULL OR r IS NOT NULL ORDER BY d.id"""
        bound = (start_day, end_day, float(DAY_MS)) + (() if species is None else (species,))
        return [DeviceEffort(*row) for row in self._execute(sql, bound)]

    def captures(self, start: datetime, end: datetime, species: str | None = None) -> Counter[str]:
        """How many captures people recorded in [start, end), by device id."""
        sql = (
            "SELECT device, count(*) FROM act WHERE deed = ?4 AND at_ms >= ?1 AND at_ms < ?2 "
            "AND counts AND (?3 IS NULL OR json_extract(CAST(body AS TEXT), '$.species') = ?3) "
            "GROUP BY device"
        )
        bound = (ms(start), ms(end), species, ActionKind.CAPTURED.value)
        return Counter(dict(self._execute(sql, bound)))

    def species(self) -> list[str]:
        """Species ever sighted, the most frequent first."""
        sql = "SELECT species FROM sighting_day GROUP BY species ORDER BY sum(independent) DESC"
        return [species for (species,) in self._execute(sql)]

    def sightings(self, start_day: int, end_day: int, species: str | None = None) -> list[Sighting]:
        """What people reported on local days [start_day, end_day), days since 1970, oldest first."""
        rows = self._execute(
            "SELECT body FROM sighting WHERE day >= ?1 AND day < ?2 "
            "AND (?3 IS NULL OR species = ?3) ORDER BY day, no",
            (start_day, end_day, species),
        )
        return list(readable(to_sighting, (body for (body,) in rows)))

    def sighting(self, id_: str) -> Sighting | None:
        """One report, or None."""
        row = self._execute("SELECT body FROM sighting WHERE id = ?", (id_,)).fetchone()
        return to_sighting(row[0]) if row else None

    def setting(self, key: str) -> str | None:
        """The text of a setting, or None."""
        row = self._execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def acts(self, device: str | None = None, limit: int = 1_000) -> list[TrapAction]:
        """People's actions, newest first, also corrected ones; of one trap or of all."""
        rows = self._execute(
            "SELECT body FROM act WHERE ?1 IS NULL OR device = ?1 ORDER BY at_ms DESC, no DESC LIMIT ?2",
            (device, limit),
        )
        return [to_act(body) for (body,) in rows]

    def act(self, id_: str) -> tuple[TrapAction, bool] | None:
        """One action, and whether it counts: it was neither corrected nor taken back."""
        row = self._execute("SELECT body, counts FROM act WHERE id = ?", (id_,)).fetchone()
        return (to_act(row[0]), bool(row[1])) if row else None

    def outbox(self) -> Counter[str]:
        """Deliveries by status."""
        return Counter(dict(self._execute("SELECT status, count(*) FROM outbox GROUP BY status")))

    def events_between(self, device: str, start: datetime, end: datetime) -> list[Event]:
        """Events of one device observed in [start, end), oldest first."""
        sql = (
            f"SELECT {EVENT_SELECT} WHERE d.id = ? AND e.observed_ms >= ? AND e.observed_ms < ? "
            "ORDER BY e.observed_ms"
        )
        return list(readable(to_event, self._execute(sql, (device, ms(start), ms(end)))))
