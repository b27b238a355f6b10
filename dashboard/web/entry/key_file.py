"""The private file beside the database that holds the secrets for links and browsers.

Owns reading and writing it, and what signs together with `dashboard.secret` of the configuration. A change
of the file counts at the next use, without a restart. A file that cannot be read is replaced: links that
were sent then end, and nobody signs with a secret that was given up. Must not decide how long one counts.
"""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gateway.atomic_file import write
from gateway.clock import Clock
from gateway.domain.people.signing import KeyRing, Keys, Purpose, new_ring

log = logging.getLogger(__name__)
_decode = msgspec.json.Decoder(KeyRing).decode


class KeyFile:
    """The file of one database; `configured`: the part of every secret that the configuration holds."""

    def __init__(self, database: Path, configured: str, clock: Clock) -> None:
        self.path = database.with_suffix(".keys")
        self._former = database.with_suffix(
            ".secret"
        )  # one secret for all, as earlier versions had it
        self._configured, self._clock = configured, clock
        self._ring: KeyRing | None = None
        self._stamp: tuple[int, int, int] | None = None

    def keys(self, purpose: Purpose) -> Keys:
        """What gives the secrets of a purpose that are accepted at the time of asking."""

        def accepted() -> list[str]:
            whole = (self._configured + key for key in self.ring().accepted(purpose, self._clock()))
            return [one for one in whole if one]

        return accepted

    def ring(self) -> KeyRing:
        """The secrets as the file holds them now; it is made when there is none."""
        stamp = _stamp(self.path)
        if self._ring is not None and stamp == self._stamp:
            return self._ring
        ring = _read(self.path) if stamp else None
        if ring is None or not self._signs(ring):
            ring = self._ring or new_ring(self._clock(), self._first() if stamp is None else None)
            self._keep(ring)
        self._ring, self._stamp = ring, _stamp(self.path)
        return ring

    def write(self, ring: KeyRing) -> None:
        """Replace the file in one step; readable by its owner only. Raises OSError."""
        write(self.path, msgspec.json.encode(ring), 0o600)
        self._former.unlink(missing_ok=True)
        self._ring, self._stamp = ring, _stamp(self.path)

    @contextlib.contextmanager
    def undone_on_error(self) -> Iterator[None]:
        """Puts the file back as it was when what is done beside it fails."""
        before = self.ring()
        try:
            yield
        except BaseException:
            self.write(before)
            raise

    def _signs(self, ring: KeyRing) -> bool:
        """Whether nothing is signed with an empty secret: the configuration had one and has it no more."""
        return bool(self._configured) or all(ring.of(one)[-1].key for one in Purpose)

    def _keep(self, ring: KeyRing) -> None:
        try:
            self.write(ring)
        except OSError as error:
            log.warning("%s: %s: links sent now end with this process", self.path, error.strerror)

    def _first(self) -> str | None:
        """What signed before there was this file; None: nothing did."""
        if self._configured:
            return ""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return self._former.read_text().strip() or None
        return None


def _read(path: Path) -> KeyRing | None:
    """The file's content; None: it cannot be used."""
    try:
        ring = _decode(path.read_bytes())
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        log.warning("%s cannot be read (%s): new secrets are made", path, error)
        return None
    return ring if all(ring.of(one) for one in Purpose) else None


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What differs between two contents of a file, without reading it; None: there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
