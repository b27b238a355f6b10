"""Which photos belong to a capture: those that a phone sent, and a file that a person named.

Owns finding them and what is written about a missing one. A photo from a phone is checked against the
SHA-256 under which it was kept whenever it is read. Must not keep files in memory.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from dashboard.office.papers import photos
from gateway.domain.model import TrapAction
from gateway.domain.traps.photo import Photo
from gateway.ingest.photos.files import PhotoFiles


class Evidence(Struct, frozen=True):
    """One photo of a capture. `path` is None while a phone has not sent it."""

    sha256: str = ""  # of the file
    sent_sha256: str = ""  # of what the phone sent, from which the file was made
    taken: str = ""  # when the picture said it was taken
    path: Path | None = None
    is_kept: bool = False  # sent by a phone: `sha256` is known from when it was kept

    def data(self) -> bytes | None:
        """The bytes of the file; None: it is missing, or it is not what was kept."""
        try:
            data = self.path.read_bytes() if self.path else None
        except OSError:
            return None
        if data is not None and self.is_kept and hashlib.sha256(data).hexdigest() != self.sha256:
            return None
        return data


class EvidenceFiles:
    """The photos of one gateway. `named`: the folder of files that people name themselves."""

    def __init__(self, named: Path, kept: Path) -> None:
        self._named, self._kept = named, PhotoFiles(kept)

    def of(self, action: TrapAction, known: Mapping[str, Photo]) -> tuple[Evidence, ...]:
        """The photos of an action, in its order; the file that a person named comes last."""
        found = tuple(self._sent(one, known.get(one)) for one in action.photos)
        named = photos.find(self._named, action.photo or "")
        return found if named is None else (*found, Evidence(named.sha256, path=named.path))

    def _sent(self, sent: str, photo: Photo | None) -> Evidence:
        if photo is None:
            return Evidence(sent_sha256=sent)
        path = self._kept.path(photo.kept_sha256)
        return Evidence(photo.kept_sha256, sent, photo.taken, path, True)
