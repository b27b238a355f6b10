"""The report of an import in words: figures on stdout, what was repaired or refused on stderr.

Owns these words. Must not import anything into the store.
"""

import sys
from collections.abc import Mapping, Sequence

import msgspec
import typer

from gateway.ingest.files.importing import Result
from gateway.ingest.tables.import_report import CellRemark, grouped, kinds
from gateway.store.imports.record import ImportRecord

MAX_EXAMPLES = 3  # of each kind of finding; --json gives all


def report(result: Result, *, as_json: bool) -> None:
    """Figures on stdout, findings with their places on stderr; as JSON all of it on stdout."""
    found, figures = result.findings, dict(result.figures)
    if result.id:
        figures["import"] = result.id
    if as_json:
        counted = {
            "repaired_kinds": kinds(found.repaired),
            "refused_kinds": kinds(found.refused),
        }
        whole = figures | counted | msgspec.structs.asdict(found)
        typer.echo(msgspec.json.format(msgspec.json.encode(whole)).decode())
        return
    for name, value in figures.items():
        typer.echo(f"{LABELS.get(name, name)}: {_shown(value)}")
    _list("直したもの / repaired", found.repaired)
    _list("取り込めなかったもの / refused", found.refused)


def show_imports(found: Sequence[ImportRecord], *, as_json: bool) -> None:
    """The imports, a line each."""
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    for one in found:
        typer.echo(
            f"{one.begun_at:%Y-%m-%d %H:%MZ} {one.id} {one.kind} {one.file} ({one.by}): "
            f"{_counts(one.counts)}{_state(one)}"
        )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{LABELS.get(name, name)} {count}" for name, count in counts.items())


def _state(one: ImportRecord) -> str:
    if one.undone_at is not None:
        return f" — 取り消し済み / undone {one.undone_at:%Y-%m-%d} ({one.undone_by})"
    return "" if one.ended_at else " — 途中で止まりました / cut off: undo it"


LABELS = {
    "title": "題名 / title",
    "deployments": "設置 / deployments",
    "readings": "記録 / readings",
    "devices_new": "新しい機器 / new devices",
    "events_new": "新しい記録 / new events",
    "events_known": "取り込み済みの記録 / known already",
    "encoding": "文字コード / encoding",
    "rows": "行 / rows",
    "sightings_new": "新しい目撃 / new sightings",
    "sightings_known": "取り込み済みの目撃 / known already",
    "left_out": "数えないもの / left out",
    "rows_absent": "見ていない行（目撃にしません） / rows that saw nothing: no sightings",
    "rows_refused": "使えない行 / rows refused",
    "sightings": "目撃 / sightings",
    "damage": "被害の記録 / records of damage",
    "damage_new": "新しい被害の記録 / new records of damage",
    "damage_known": "取り込み済みの被害 / known already",
    "import": "取り込みの番号（取り消しに使います） / id of the import, for an undo",
    "deployments_left_out": "行を失ったため除いた設置 / deployments left out for lost rows",
}


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {count}" for key, count in value.items()) or "0"
    if isinstance(value, list):
        return f"{len(value)}: {', '.join(value[:20])}" if value else "0"
    return str(value)


def _list(title: str, findings: list[CellRemark]) -> None:
    if not findings:
        return
    sys.stderr.write(f"{title}: {len(findings)}\n")
    for (file, column, text), same in grouped(findings).items():
        if len(same) > 1:
            sys.stderr.write(f"  {file} {column}: {text}: {len(same):,} 行 / rows\n")
        for finding in same[:MAX_EXAMPLES]:
            sys.stderr.write(f"  {finding}\n")
        if len(same) > MAX_EXAMPLES:
            sys.stderr.write(
                f"  … {len(same) - MAX_EXAMPLES} more / ほか {len(same) - MAX_EXAMPLES} 件\n"
            )
