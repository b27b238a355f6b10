"""The table picture_name: its statements. Must not decide whose word counts."""

from collections.abc import Iterator, Sequence
from typing import Any

from gateway.domain.epoch import from_ms, ms
from gateway.domain.pictures.naming import GivenName, NameBefore

_COLUMNS = (
    "id, device, event, by, is_person, species, at_ms, act, confidence, "
    "before_species, before_confidence, before_count, before_by"
)
# The newest word of a person that counts, and the surest of classifiers, of each event that has both.
_PAIRS = """
    SELECT m.species, p.species FROM picture_name p JOIN picture_name m
        ON m.device = p.device AND m.event = p.event
    WHERE p.is_person AND NOT p.undone AND NOT m.is_person AND p.at_ms >= ?
    AND p.no = (SELECT max(no) FROM picture_name
        WHERE device = p.device AND event = p.event AND is_person AND NOT undone)
    AND m.no = (SELECT no FROM picture_name WHERE device = p.device AND event = p.event
        AND NOT is_person ORDER BY confidence DESC, no DESC LIMIT 1)"""


class NameReads:
    """Reading verbs of one connection."""

    def __init__(self, connection: Any) -> None:
        self._execute = connection.execute

    def of_act(self, act: str) -> list[GivenName]:
        """The words of one key press that were not undone."""
        rows = self._execute(
            f"SELECT {_COLUMNS} FROM picture_name WHERE act = ? AND NOT undone ORDER BY no", (act,)
        )
        return [_to_name(row) for row in rows]

    def of_event(self, device: str, event: str) -> list[GivenName]:
        """All words on an event that were not undone, in their order."""
        rows = self._execute(
            f"SELECT {_COLUMNS} FROM picture_name WHERE device = ? AND event = ? AND NOT undone "
            "ORDER BY no",
            (device, event),
        )
        return [_to_name(row) for row in rows]

    def pairs(self, since_ms: int) -> Iterator[tuple[str, str]]:
        """(classifier's, people's) name of each event that people have named since a time."""
        return ((machine, person) for machine, person in self._execute(_PAIRS, (since_ms,)))

    def newest_act(self, by: str) -> str | None:
        """The newest key press of a person that was not undone."""
        row = self._execute(
            "SELECT act FROM picture_name WHERE is_person AND by = ? AND NOT undone "
            "ORDER BY no DESC LIMIT 1",
            (by,),
        ).fetchone()
        return str(row[0]) if row else None


class NameTable(NameReads):
    """Verbs inside a transaction of the writer."""

    def add(self, name: GivenName) -> bool:
        """Insert a word; False: it was here before."""
        before = name.before or NameBefore(None, None, None, None)
        row = self._execute(
            f"INSERT OR IGNORE INTO picture_name ({_COLUMNS}) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING no",
            (
                name.id,
                name.device,
                name.event,
                name.by,
                name.is_person,
                name.species,
                ms(name.at),
                name.act,
                name.confidence,
                before.species,
                before.confidence,
                before.count,
                before.by,
            ),
        ).fetchone()
        return row is not None

    def undo(self, name: GivenName, mark: str) -> None:
        """A word does not count any more; a later one that took its place stands on what was before it.

        `mark`: how an event refers to the word.
        """
        self._execute("UPDATE picture_name SET undone = 1 WHERE id = ?", (name.id,))
        before = name.before or NameBefore(None, None, None, None)
        self._execute(
            "UPDATE picture_name SET before_species = ?, before_confidence = ?, before_count = ?, "
            "before_by = ? WHERE device = ? AND event = ? AND before_by = ?",
            (
                before.species,
                before.confidence,
                before.count,
                before.by,
                name.device,
                name.event,
                mark,
            ),
        )


def _to_name(row: Sequence[Any]) -> GivenName:
    id_, device, event, by, is_person, species, at_ms, act, confidence, *before = row
    return GivenName(
        id=id_,
        device=device,
        event=event,
        by=by,
        is_person=bool(is_person),
        species=species,
        at=from_ms(at_ms),
        act=act,
        confidence=confidence,
        before=NameBefore(*before) if is_person else None,
    )
