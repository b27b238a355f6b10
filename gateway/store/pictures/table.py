"""The table picture: its statements.

Must not read or write the files, decide who may see one, nor which are removed when.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from gateway.domain.epoch import ms
from gateway.domain.pictures.picture import Picture, PictureState
from gateway.domain.species import PERSON
from gateway.store.connection import DamagedFileError
from gateway.store.rows import readable, to_json

_picture = msgspec.json.Decoder(Picture).decode
# Statuses stand in the statements as text: only then SQLite uses the partial indexes.
_WAITING, _KEPT = f"state = '{PictureState.WAITING}'", f"state = '{PictureState.KEPT}'"


class KnownPicture(Struct, frozen=True):
    """A picture and what is known of it."""

    picture: Picture
    species: str | None  # as a person named it
    has_people: bool
    is_evidence: bool


_SELECT = "SELECT body, species, people, evidence FROM picture"


class PictureReads:
    """Reading verbs of one connection."""

    def __init__(self, connection: Any) -> None:
        self._execute = connection.execute

    def find(self, id_: str) -> KnownPicture | None:
        """One picture, or None."""
        row = self._execute(f"{_SELECT} WHERE id = ?", (id_,)).fetchone()
        return _to_known(row) if row else None

    def waiting(self, limit: int) -> list[Picture]:
        """Those that have still to be made anew, in the order of their arrival."""
        rows = self._execute(f"{_SELECT} WHERE {_WAITING} ORDER BY no LIMIT ?", (limit,))
        return [one.picture for one in readable(_to_known, rows)]

    def how_much_waits(self) -> tuple[int, int]:
        """How many have still to be made anew, and their bytes."""
        [(count, size)] = self._execute(
            f"SELECT count(*), coalesce(sum(disk_bytes), 0) FROM picture WHERE {_WAITING}"
        )
        return int(count), int(size)

    def of_event(self, device: str, event: str) -> list[KnownPicture]:
        """The pictures of one event, in the order of their arrival."""
        rows = self._execute(
            f"{_SELECT} WHERE device = ? AND event = ? ORDER BY no", (device, event)
        )
        return list(readable(_to_known, rows))

    def disk_bytes(self) -> int:
        """What all of them take on the disk."""
        [(size,)] = self._execute(
            "SELECT coalesce(sum(disk_bytes), 0) FROM picture WHERE disk_bytes > 0"
        )
        return int(size)

    def ids(self, state: PictureState) -> set[str]:
        """The ids of all in a state."""
        return {id_ for (id_,) in self._execute("SELECT id FROM picture WHERE state = ?", (state,))}

    def removable(self, limit: int) -> list[Picture]:
        """The next to be removed for room: first those that people have named, the oldest first."""
        rows = self._execute(
            f"{_SELECT} WHERE {_KEPT} AND NOT evidence ORDER BY species IS NULL, at_ms, no LIMIT ?",
            (limit,),
        )
        return [one.picture for one in readable(_to_known, rows)]

    def is_removable(self, id_: str, *, people: bool) -> bool:
        """Whether one is kept and no evidence. `people`: only while it shows people, too."""
        sql = f"SELECT 1 FROM picture WHERE id = ?1 AND {_KEPT} AND NOT evidence AND (NOT ?2 OR people)"
        return self._execute(sql, (id_, people)).fetchone() is not None

    def of_people_before(self, before_ms: int, limit: int) -> list[Picture]:
        """Pictures of people that were taken before a time, unless they are evidence."""
        rows = self._execute(
            f"{_SELECT} WHERE {_KEPT} AND people AND NOT evidence AND at_ms < ? "
            "ORDER BY at_ms LIMIT ?",
            (before_ms, limit),
        )
        return [one.picture for one in readable(_to_known, rows)]

    def newest_detection(self, device: str, species: str | None, since_ms: int) -> str | None:
        """The newest detection of a camera since a time; `species`: of this one, or a corrected one."""
        row = self._execute(
            "SELECT id FROM event WHERE device = (SELECT no FROM device WHERE id = ?1) "
            "AND kind = 'detection' AND observed_ms >= ?2 "
            "AND (?3 IS NULL OR species = ?3 OR refined_by IS NOT NULL) "
            "ORDER BY observed_ms DESC LIMIT 1",
            (device, since_ms, species),
        ).fetchone()
        return str(row[0]) if row else None

    def between(self, device: str, since_ms: int, before_ms: int) -> list[KnownPicture]:
        """The kept pictures of a camera that were taken in [since, before), in this order."""
        rows = self._execute(
            f"{_SELECT} WHERE {_KEPT} AND device = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms, no",
            (device, since_ms, before_ms),
        )
        return list(readable(_to_known, rows))

    def unnamed(self, limit: int, *, people: bool) -> list[KnownPicture]:
        """The newest that nobody has named. `people`: those with people in them too."""
        rows = self._execute(
            f"{_SELECT} WHERE species IS NULL AND {_KEPT} AND (?1 OR NOT people) "
            "ORDER BY at_ms DESC, no DESC LIMIT ?2",
            (people, limit),
        )
        return list(readable(_to_known, rows))

    def how_many_unnamed(self) -> int:
        """How many kept ones nobody has named."""
        sql = f"SELECT count(*) FROM picture WHERE species IS NULL AND {_KEPT}"
        [(count,)] = self._execute(sql)
        return int(count)


class PictureTable(PictureReads):
    """Verbs inside a transaction of the writer."""

    def add(self, picture: Picture, *, people: bool = False) -> bool:
        """Insert one that has come; False: it was here before."""
        row = self._execute(
            "INSERT OR IGNORE INTO picture (id, device, event, at_ms, state, disk_bytes, people, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING no",
            (
                picture.id,
                picture.device,
                picture.event,
                ms(picture.at),
                picture.state.value,
                picture.sent_bytes,
                people,
                to_json(picture),
            ),
        ).fetchone()
        return row is not None

    def put(self, picture: Picture, disk_bytes: int) -> None:
        """Store what became of one."""
        self._execute(
            "UPDATE picture SET state = ?, disk_bytes = ?, body = ? WHERE id = ?",
            (picture.state.value, disk_bytes, to_json(picture), picture.id),
        )

    def set_named(self, device: str, event: str, species: str | None, *, people: bool) -> None:
        """Note what a person named an event, None: nobody names it, and whether it shows people."""
        self._execute(
            "UPDATE picture SET species = ?, people = ? WHERE device = ? AND event = ?",
            (species, people or species == PERSON, device, event),
        )

    def set_people(self, device: str, event: str) -> None:
        """Note that an event shows people."""
        self._execute(
            "UPDATE picture SET people = 1 WHERE device = ? AND event = ?", (device, event)
        )

    def set_evidence(self, ids: Sequence[str], *, is_evidence: bool) -> None:
        """Keep pictures for ever, or no longer."""
        for id_ in ids:
            self._execute("UPDATE picture SET evidence = ? WHERE id = ?", (is_evidence, id_))


def _to_known(row: Sequence[Any]) -> KnownPicture:
    body, species, people, evidence = row
    try:
        return KnownPicture(_picture(body), species, bool(people), bool(evidence))
    except (msgspec.MsgspecError, ValueError) as error:
        raise DamagedFileError(f"picture: {error}") from None
