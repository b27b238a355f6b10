"""Imports as batches: one is noted before it writes, and can be taken back exactly.

Owns the order of both, and when an undo is refused. Each device is one short transaction: an undo that was
cut off is finished by asking for it again. The record of an import is never deleted.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from secrets import token_hex

from msgspec.structs import replace

from gateway.domain.damage.record import DamageRecord
from gateway.domain.errors import BadInputError
from gateway.store import Store
from gateway.store.damage.table import undo_id
from gateway.store.imports.record import ImportKind, ImportRecord
from gateway.store.imports.table import ImportedDevice, difference
from gateway.store.writer import Transaction


class UndoError(BadInputError):
    """An import cannot be undone; the text says why and what to do."""


def begin(
    store: Store, kind: ImportKind, file: str, by: str, now: datetime, devices: Iterable[str] = ()
) -> ImportRecord:
    """Note an import before it writes. `devices`: all that it may write to."""
    record = ImportRecord(id=token_hex(6), kind=kind, file=file, by=by, begun_at=now)
    wanted = list(devices)
    store.write_now(lambda tx: tx.imports.begin(record, wanted))
    return record


def undo(store: Store, id_: str, by: str, now: datetime) -> ImportRecord:
    """Take back an import: its events, effort and their sums, its reports or records. Raises UndoError."""
    record = store.write_now(lambda tx: _check(tx, id_))
    for one in store.write_now(lambda tx: tx.imports.devices(id_)):
        store.write_now(partial(_undo_device, id_=id_, one=one))
    finish: Callable[[Transaction], ImportRecord] = partial(_finish, record=record, by=by, now=now)
    return store.write_now(finish)


def _check(tx: Transaction, id_: str) -> ImportRecord:
    record = tx.imports.find(id_)
    if record is None:
        known = ", ".join(one.id for one in tx.imports.latest(5)) or "none"
        raise UndoError(f"{id_}: その取り込みはありません / no such import; the newest: {known}")
    if record.is_undone:
        raise UndoError(f"{id_}: 取り消し済みです / was undone already")
    if later := tx.imports.later(id_):
        names = ", ".join(f"{one.id} ({one.file})" for one in later)
        raise UndoError(
            f"{id_}: 同じ機器にあとの取り込みがあります。先に取り消してください: {names} / "
            f"a later import wrote to the same devices; undo it first: {names}"
        )
    if depending := tx.imports.depending(id_):
        names = ", ".join(depending)
        raise UndoError(
            f"{id_}: あとの記録がもとにしています: {names} / later records depend on it: {names}"
        )
    if record.kind is not ImportKind.DAMAGE and tx.imports.is_sent():
        raise UndoError(
            f"{id_}: InfluxDB か地域に送っているため、そこでは取り消せません / "
            "what is stored is sent to InfluxDB or a region, where it cannot be taken back"
        )
    return record


def _undo_device(tx: Transaction, id_: str, one: ImportedDevice) -> None:
    if one.number is not None:
        change = difference(tx.imports.sums(one.number), one.sums)
        tx.add_tally(one.device, change)
        tx.imports.remove_events(id_, one.number)
        tx.imports.remove_zeros(one.number)
        tx.restore_state(one.device, one.state)
        if one.is_new:
            tx.forget_device(one.device)
    tx.imports.remove_device(id_, one.device)


def _finish(tx: Transaction, record: ImportRecord, by: str, now: datetime) -> ImportRecord:
    tx.imports.remove_sightings(record.id)
    for damage in tx.imports.rows(record.id, ImportKind.DAMAGE):
        found = tx.damage.find(damage)
        if found is not None and tx.damage.counts(damage):
            tx.damage.add(_taken_back(found, by, now))
    done = replace(record, undone_at=now, undone_by=by)
    tx.imports.put(done)
    return done


def _taken_back(record: DamageRecord, by: str, now: datetime) -> DamageRecord:
    return replace(
        record, id=undo_id(record.id), replaces=record.id, is_undo=True, by=by, recorded_at=now
    )
