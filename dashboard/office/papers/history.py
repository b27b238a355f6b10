"""The chains of corrections behind the report's rows: every record that was corrected or taken back.

Owns the columns. It is evidence for the office and holds names and traps, so it is never published.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo

from dashboard.documents.table import Table
from gateway.domain import species
from gateway.domain.model import Device, TrapAction
from gateway.domain.traps import corrections
from gateway.words.catalogue import Translations

COLUMNS = (
    "recorded_at",
    "time",
    "trap",
    "what",
    "species",
    "count",
    "by",
    "standing",
    "id",
    "replaces",
)


def table(
    actions: Iterable[TrapAction], devices: Mapping[str, Device], words: Translations, zone: tzinfo
) -> Table:
    """One row for each record of a chain, in the order of recording."""
    known = sorted(actions, key=lambda one: (one.recorded_at, one.id))
    counting = {one.id for one in corrections.counting(known)}
    undone = {one.replaces for one in known if one.is_undo}
    rows = tuple(
        (
            _time(one.recorded_at, zone),
            _time(one.at, zone),
            devices[one.device].label if one.device in devices else one.device,
            words("history.undo") if one.is_undo else words(f"action.{one.deed}"),
            species.label(one.species, words.language) if one.species else "",
            one.count,
            one.by,
            words(f"history.{_standing(one, counting, undone)}"),
            one.id,
            one.replaces or "",
        )
        for one in known
    )
    return Table(words("history.title"), tuple(words(f"history.{name}") for name in COLUMNS), rows)


def _standing(one: TrapAction, counting: set[str], undone: set[str | None]) -> str:
    if one.id in counting:
        return "counts"
    if one.is_undo:
        return "undo"
    return "taken_back" if one.id in undone else "corrected"


def _time(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%Y/%m/%d %H:%M:%S")
