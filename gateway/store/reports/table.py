"""The tables report, report_step and photo_report: their statements.

Must not decide what a report may become.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

from gateway.domain.epoch import ms
from gateway.domain.reports.report import Report, ReportStatus, ReportStep
from gateway.store.connection import DamagedFileError
from gateway.store.rows import readable, to_json

MOST = 500  # listed at once
_report = msgspec.json.Decoder(Report).decode
_step = msgspec.json.Decoder(ReportStep).decode


class ReportReads:
    """Reading verbs of one connection."""

    def __init__(self, connection: Any) -> None:
        self._execute = connection.execute

    def find(self, id_: str) -> Report | None:
        """One report, or None."""
        row = self._execute("SELECT body FROM report WHERE id = ?", (id_,)).fetchone()
        return _to_report(row[0]) if row else None

    def of_token(self, hashed: str) -> Report | None:
        """The report whose reporter has the secret of this hash, or None."""
        if not hashed:
            return None
        row = self._execute("SELECT body FROM report WHERE token = ?", (hashed,)).fetchone()
        return _to_report(row[0]) if row else None

    def newest(self, status: ReportStatus | None = None, most: int = MOST) -> list[Report]:
        """The newest reports by their time of receipt; `status`: None is all."""
        rows = self._execute(
            "SELECT body FROM report WHERE ?1 IS NULL OR status = ?1 ORDER BY no DESC LIMIT ?2",
            (status, most),
        )
        return list(_reports(rows))

    def handed_to(self, name: str) -> list[Report]:
        """What a trapper was handed, the newest first."""
        sql = "SELECT body FROM report WHERE handed_to = ? ORDER BY no DESC LIMIT ?"
        return list(_reports(self._execute(sql, (name, MOST))))

    def between(self, start: datetime, end: datetime) -> list[Report]:
        """What was seen in [start, end), oldest first."""
        sql = "SELECT body FROM report WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms, no"
        return list(_reports(self._execute(sql, (ms(start), ms(end)))))

    def published(self, since: datetime, most: int = MOST) -> list[Report]:
        """What the public may know of, seen since a time, the newest first."""
        sql = (
            "SELECT body FROM report WHERE published AND head = '' AND at_ms >= ? "
            "ORDER BY at_ms DESC, no DESC LIMIT ?"
        )
        return list(_reports(self._execute(sql, (ms(since), most))))

    def members(self, head: str) -> list[Report]:
        """The reports that were merged into one, oldest first."""
        sql = "SELECT body FROM report WHERE head = ? AND head <> '' ORDER BY no"
        return list(_reports(self._execute(sql, (head,))))

    def steps(self, id_: str) -> list[ReportStep]:
        """What was done with a report, in order."""
        rows = self._execute("SELECT body FROM report_step WHERE report = ? ORDER BY no", (id_,))
        return list(readable(_to_step, (body for (body,) in rows)))

    def waiting(self) -> int:
        """How many nobody has taken up, without copies."""
        sql = "SELECT count(*) FROM report WHERE status = ? AND head = ''"
        [(number,)] = self._execute(sql, (ReportStatus.RECEIVED.value,))
        return int(number)

    def naming(self, photo: str) -> list[Report]:
        """The reports that name a photo."""
        sql = "SELECT body FROM report JOIN photo_report ON report.id = report WHERE photo = ?"
        return list(_reports(self._execute(f"{sql} ORDER BY no", (photo,))))


class ReportTable(ReportReads):
    """Verbs on reports, inside a transaction of the writer."""

    def add(self, report: Report, token: str) -> bool:
        """Insert a report; one whose id is stored already changes nothing. Returns whether it was new."""
        row = self._execute(
            "INSERT OR IGNORE INTO report (id, token, at_ms, status, published, head, handed_to, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING no",
            (report.id, token, *_columns(report)),
        ).fetchone()
        if row is None:
            return False
        for photo in report.photos:
            named = (photo, report.id)
            self._execute("INSERT OR IGNORE INTO photo_report VALUES (?, ?)", named)
        return True

    def put(self, report: Report) -> Report:
        """Store a changed report."""
        self._execute(
            "UPDATE report SET at_ms = ?, status = ?, published = ?, head = ?, handed_to = ?, body = ? "
            "WHERE id = ?",
            (*_columns(report), report.id),
        )
        return report

    def note(self, id_: str, step: ReportStep) -> None:
        """Keep what was done with a report."""
        self._execute("INSERT INTO report_step (report, body) VALUES (?, ?)", (id_, to_json(step)))

    def with_contact_before(self, before: datetime, most: int) -> list[Report]:
        """Reports that are done since before a time, or whose head is, and that still name a contact."""
        sql = (
            "SELECT r.body, coalesce(h.body, r.body) FROM report r LEFT JOIN report h ON h.id = r.head "
            "WHERE coalesce(h.status, r.status) = ? AND r.at_ms < ? AND "
            "json_extract(CAST(r.body AS TEXT), '$.contact') IS NOT NULL ORDER BY r.no"
        )
        rows = self._execute(sql, (ReportStatus.DONE.value, ms(before)))
        found = readable(lambda row: (_to_report(row[0]), _to_report(row[1])), rows)
        due = (one for one, head in found if head.changed_at is None or head.changed_at < before)
        return list(islice(due, most))


def _columns(report: Report) -> tuple[int, str, bool, str, str, bytes]:
    return (
        ms(report.at),
        report.status.value,
        report.published,
        report.head,
        report.handed_to,
        to_json(report),
    )


def _reports(rows: Any) -> Iterator[Report]:
    return readable(_to_report, (body for (body,) in rows))


def _to_report(body: bytes) -> Report:
    try:
        return _report(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise DamagedFileError(f"report: {error}") from None


def _to_step(body: bytes) -> ReportStep:
    try:
        return _step(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise DamagedFileError(f"report_step: {error}") from None
