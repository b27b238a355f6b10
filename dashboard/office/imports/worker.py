"""The process of one import: reads a job from its standard input, answers on its standard output, and ends.

Owns the main function of that process. It limits its own memory before it reads a file, and writes as the
command does: in short transactions beside the running gateway.
"""

import sys
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from dashboard.office.imports.job import Job, JobAnswer, Step
from dashboard.web.process.limits import limit
from gateway.clock import utc_now
from gateway.domain.errors import BadInputError
from gateway.domain.geo.far_places import STUDY_KM
from gateway.domain.species import UNKNOWN
from gateway.ingest.devices.lists import check_places
from gateway.ingest.files import column_words, importing, package_files, undo
from gateway.ingest.files.importing import CheckPlaces, Request, Result, Site
from gateway.ingest.tables import rows
from gateway.ingest.tables.import_report import kinds
from gateway.ingest.tables.rows import Table
from gateway.ingest.tables.text_file import TableError
from gateway.store import Store
from gateway.store.imports.record import ImportKind

NO_DAY = "日付の列を選んでください / choose the column of the day"
FEWEST_HEADERS = 3  # a line above it with fewer cells is a title
SAMPLE_ROWS = 5
MOST_KINDS = 30  # of remarks
MOST_HEADERS = 100
CELL = 60  # characters


def main() -> None:
    """Do one job."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    limit(job.memory_mb)
    try:
        answer = do(job)
    except BadInputError as error:
        answer = JobAnswer(refusal=str(error))
    except (MemoryError, RecursionError):
        answer = JobAnswer(refusal="大きすぎて読めません / too large to be read")
    sys.stdout.buffer.write(msgspec.json.encode(answer))


def do(job: Job) -> JobAnswer:
    """The job's answer. Raises BadInputError."""
    with closing(Store(Path(job.database), ZoneInfo(job.zone))) as store:
        if job.step is Step.UNDO:
            undone = undo.undo(store, job.import_id, job.by, utc_now())
            return JobAnswer(import_id=undone.id)
        if job.kind is ImportKind.CAMTRAPDP:
            result = importing.import_package(store, _request(job), _site(job))
            return _answer(result)
        return _table(store, job)


def _table(store: Store, job: Job) -> JobAnswer:
    table = _read(package_files.bytes_of(Path(job.path)))
    columns = column_words.guess(table.header) if job.columns is None else job.columns
    shown = _shown(table, columns)
    if "date" not in columns:
        return msgspec.structs.replace(shown, refusal=NO_DAY)
    map_ = column_words.map_of(columns, job.name, UNKNOWN)
    is_damage = job.kind is ImportKind.DAMAGE
    read = importing.import_damage if is_damage else importing.import_sightings
    try:
        found = _answer(read(store, _request(job), _site(job), map_))
    except TableError as error:
        found = JobAnswer(refusal=str(error))
    return msgspec.structs.replace(
        found, header=shown.header, columns=shown.columns, sample=shown.sample
    )


def _read(data: bytes) -> Table:
    """The table by a header of usual words, else by the first line of several cells."""
    table = rows.read(data, column_words.is_header)
    if column_words.is_header(table.header):
        return table
    return rows.read(data, lambda cells: sum(map(bool, cells)) >= FEWEST_HEADERS)


def _shown(table: Table, columns: dict[str, str]) -> JobAnswer:
    header = [name[:CELL] for name in table.header if name][:MOST_HEADERS]
    sample = [
        [row.cells.get(name, "")[:CELL] for name in header] for row in table.rows[:SAMPLE_ROWS]
    ]
    return JobAnswer(header=header, columns=columns, sample=sample)


def _request(job: Job) -> Request:
    return Request(
        path=Path(job.path),
        name=job.name,
        by=job.by,
        partial=job.partial,
        preview=job.step is Step.LOOK,
    )


def _site(job: Job) -> Site:
    check: CheckPlaces = lambda devices, known: check_places(  # noqa: E731
        [(device.name, device) for device in devices], known, job.centre, STUDY_KM
    )
    return Site(ZoneInfo(job.zone), utc_now(), check)


def _answer(result: Result) -> JobAnswer:
    return JobAnswer(
        refusal=result.refusal,
        figures={name: _said(value) for name, value in result.figures.items()},
        repaired=kinds(result.findings.repaired)[:MOST_KINDS],
        refused=kinds(result.findings.refused)[:MOST_KINDS],
        import_id=result.id,
    )


def _said(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {count}" for key, count in value.items()) or "0"
    return str(len(value)) if isinstance(value, list) else str(value)


if __name__ == "__main__":
    main()
