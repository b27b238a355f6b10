"""The tables photo and photo_act: their statements.

Must not read or write the files of the photos, nor decide who may see them.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.domain.traps.photo import Photo
from gateway.store.connection import DamagedFileError
from gateway.store.rows import readable, to_json

LATEST_CAUGHT = 500  # captures whose species are offered first
_photo = msgspec.json.Decoder(Photo).decode


class PhotoReads:
    """Reading verbs of one connection."""

    def __init__(self, connection: Any) -> None:
        self._execute = connection.execute

    def find(self, sent: str) -> Photo | None:
        """One photo by the SHA-256 of what the phone sent; None: it is not here, or not yet."""
        row = self._execute("SELECT body FROM photo WHERE sent = ?", (sent,)).fetchone()
        return _to_photo(row[0]) if row else None

    def of(self, sums: Iterable[str]) -> dict[str, Photo]:
        """Those of the photos that are here, by the SHA-256 of what was sent."""
        return {one: found for one in dict.fromkeys(sums) if (found := self.find(one))}

    def all(self) -> list[Photo]:
        """Every photo."""
        rows = self._execute("SELECT body FROM photo ORDER BY sent")
        return list(readable(_to_photo, (body for (body,) in rows)))

    def traps(self, sent: str) -> list[str]:
        """The traps whose actions name a photo."""
        sql = "SELECT DISTINCT device FROM photo_act WHERE photo = ? ORDER BY device"
        return [device for (device,) in self._execute(sql, (sent,))]

    def kept_bytes(self) -> int:
        """The size of all files; one that several photos share counts once."""
        sql = (
            "SELECT coalesce(sum(kept_bytes), 0) FROM (SELECT DISTINCT kept, kept_bytes FROM photo)"
        )
        [(size,)] = self._execute(sql)
        return int(size)

    def bytes_by(self, by: str) -> int:
        """The size of the files that somebody sent."""
        sql = "SELECT coalesce(sum(kept_bytes), 0) FROM photo WHERE by = ?"
        [(size,)] = self._execute(sql, (by,))
        return int(size)

    def unnamed(self, by: str) -> int:
        """How many photos somebody sent that no record names."""
        [(number,)] = self._execute(f"SELECT count(*) FROM photo WHERE by = ? {_UNNAMED}", (by,))
        return int(number)

    def all_unnamed(self, by: str) -> list[Photo]:
        """These photos."""
        found = self._execute(f"SELECT body FROM photo WHERE by = ? {_UNNAMED}", (by,))
        return list(readable(lambda row: _to_photo(row[0]), found))

    def caught(self) -> list[str]:
        """Species of the latest captures, the most frequent first."""
        sql = (
            "SELECT json_extract(CAST(body AS TEXT), '$.species') AS species, count(*) AS times FROM "
            "(SELECT body FROM act WHERE deed IN ('captured', 'non_target') ORDER BY no DESC LIMIT ?) "
            "GROUP BY species ORDER BY times DESC, species"
        )
        return [str(species) for species, _ in self._execute(sql, (LATEST_CAUGHT,)) if species]


_UNNAMED = (
    "AND NOT EXISTS (SELECT 1 FROM photo_act WHERE photo = sent) "
    "AND NOT EXISTS (SELECT 1 FROM photo_damage WHERE photo = sent) "
    "AND NOT EXISTS (SELECT 1 FROM photo_report WHERE photo = sent)"
)


class PhotoTable(PhotoReads):
    """Verbs on photos, inside a transaction of the writer."""

    def add(self, photo: Photo) -> None:
        """Insert a photo; one whose file was lost and arrived again takes the place of its row."""
        row = (photo.sent_sha256, photo.kept_sha256, photo.kept_bytes, photo.by, to_json(photo))
        self._execute("INSERT OR REPLACE INTO photo VALUES (?, ?, ?, ?, ?)", row)

    def drop_unnamed(self, sums: Iterable[str]) -> list[str]:
        """Delete those of these photos that no record names; gives the files that no photo has now."""
        sql = f"DELETE FROM photo WHERE sent = ? {_UNNAMED} RETURNING kept"
        kept = {file for sent in sums for (file,) in self._execute(sql, (sent,))}
        used = "SELECT 1 FROM photo WHERE kept = ?"
        return [file for file in sorted(kept) if not self._execute(used, (file,)).fetchone()]


def _to_photo(body: bytes) -> Photo:
    try:
        return _photo(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise DamagedFileError(f"photo: {error}") from None
