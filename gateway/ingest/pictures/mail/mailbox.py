"""Follows a mailbox of cameras: each mail is fetched to the disk, read apart, taken, then marked as seen.

Owns the order "pictures and events are on the disk, then the mail is marked", and what becomes of mails that
are refused: they are kept visibly, and flagged in the mailbox, where a person finds them. No mail is deleted.
Must not read a mail itself (`reading`) nor decide whose it is (`cameras`).
"""

import asyncio
import contextlib
import hashlib
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO
from uuid import uuid4

import msgspec

from gateway.alerts.replies.imap import IDLE_S, Imap, MailHead, OpenMailbox
from gateway.clock import Clock
from gateway.config.media.pictures import Camera, PictureMailbox
from gateway.domain.model import MessageRefusedError, RefusalReason
from gateway.domain.pictures.makes import MakeRow
from gateway.domain.pictures.picture import PictureSource
from gateway.domain.traps.photo import PhotoRefusal
from gateway.ingest.photos.files import INCOMING
from gateway.ingest.pictures.arrival import Arrival, CameraFacts
from gateway.ingest.pictures.disk_use import MB
from gateway.ingest.pictures.mail import cameras
from gateway.ingest.pictures.picture_reader import PictureReader, UnreadableError
from gateway.ingest.pictures.requests import MailContent, ReadMail
from gateway.ingest.pictures.taking import NotTakenError, PictureTaker
from gateway.store import DiskError

log = logging.getLogger(__name__)
AT_ONCE = 20  # mails between two looks which are unseen
PIECE_BYTES = 262_144
RETRY_S = 2.0
ROOM_TIMES = 3  # of a mail's size: the mail, its pictures, and what is made of them


class CameraMailbox:
    """One mailbox of the settings."""

    def __init__(
        self,
        settings: PictureMailbox,
        known: tuple[Camera, ...],
        makes: Mapping[str, MakeRow],
        taker: PictureTaker,
        picture_reader: PictureReader,
        clock: Clock,
        idle_s: float = IDLE_S,
    ) -> None:
        self._settings, self._cameras, self._makes = settings, known, dict(makes)
        self._taker, self._picture_reader = taker, picture_reader
        self._folder = taker.files.folder / INCOMING
        self._imap = Imap(settings, settings.name, clock, idle_s, brings="pictures by mail from")
        self.connection = self._imap.connection

    async def run(self) -> None:
        """Take what comes, until cancelled."""
        await self._imap.follow(self._read_new)

    async def _read_new(self, box: OpenMailbox) -> bool:
        await self._taker.no_trial()
        numbers = (await box.unseen())[:AT_ONCE]
        for number in numbers:
            is_refused = await self._settled(box, number)
            await box.mark(number, r"\Seen", *((r"\Flagged",) if is_refused else ()))
        return len(numbers) == AT_ONCE

    async def _settled(self, box: OpenMailbox, number: str) -> bool:
        """Take a mail, however long it lasts until the disk takes it; whether it was refused."""
        while True:
            try:
                await self._mail(box, number)
            except MessageRefusedError as refused:
                log.info("a mail in %s was refused: %s", self._settings.name, refused.reason)
                return True
            except (DiskError, NotTakenError) as error:
                log.debug("a mail waits: %s", error)
                await asyncio.sleep(RETRY_S)
            else:
                return False

    async def _mail(self, box: OpenMailbox, number: str) -> None:
        """Take one mail. Raises MessageRefusedError once the refusal is kept; else it is tried again."""
        head, content = await box.head(number), MailContent()
        folder = self._folder / uuid4().hex
        await asyncio.to_thread(folder.mkdir, parents=True)
        try:
            content, id_ = await self._fetched(box, number, head, folder)
            await self._taken(content, id_, head, folder)
        except MessageRefusedError as refused:
            await self._taker.refuse(f"mail/{self._settings.name}", _said(content, head), refused)
            raise
        finally:
            await asyncio.to_thread(_clear, folder)

    async def _fetched(
        self, box: OpenMailbox, number: str, head: MailHead, folder: Path
    ) -> tuple[MailContent, str]:
        """What the mail holds, and an id made of its bytes."""
        if head.size > self._settings.most_mb * MB:
            raise MessageRefusedError(
                RefusalReason.TOO_LARGE,
                f"{head.size // MB} MB; at most {self._settings.most_mb} MB "
                "(camera_mailboxes.most_mb)",
            )
        if shutil.disk_usage(folder).free < ROOM_TIMES * head.size:
            raise NotTakenError(PhotoRefusal.NO_ROOM)
        path, summed = folder / "mail", hashlib.sha256()
        with await asyncio.to_thread(path.open, "wb") as file:
            await self._receive(box, number, file, summed)
        request = ReadMail(str(path), str(folder), self._makes, cameras.makes_of(self._cameras))
        try:
            return await self._picture_reader.read_mail(request), summed.hexdigest()[:32]
        except UnreadableError as error:
            raise MessageRefusedError(
                RefusalReason.MALFORMED, f"the mail cannot be read: {error.reason}"
            ) from None

    async def _receive(
        self, box: OpenMailbox, number: str, file: IO[bytes], summed: "hashlib._Hash"
    ) -> None:
        start, most = 0, self._settings.most_mb * MB
        while start <= most:
            piece = await box.piece(number, start, PIECE_BYTES)
            summed.update(piece)
            await asyncio.to_thread(file.write, piece)
            start += len(piece)
            if len(piece) < PIECE_BYTES:
                return
        raise MessageRefusedError(RefusalReason.TOO_LARGE, f"more than {most // MB} MB")

    async def _taken(self, content: MailContent, id_: str, head: MailHead, folder: Path) -> None:
        """Take what the mail holds; an error of ours costs this mail, which stays where it is."""
        try:
            await self._take(content, id_, head, folder)
        except (MessageRefusedError, NotTakenError, DiskError, OSError, MemoryError):
            raise
        except Exception as error:
            log.exception("a mail in %s", self._settings.name)
            raise MessageRefusedError(RefusalReason.BUG, type(error).__name__) from None

    async def _take(self, content: MailContent, id_: str, head: MailHead, folder: Path) -> None:
        camera = cameras.whose(content, self._settings, self._cameras)
        said = content.facts
        for one in content.pictures:
            facts = _facts(content, head, one.facts.taken)
            arrival = Arrival(camera.device, one.sha256, one.size, PictureSource.MAIL, facts)
            await self._taker.take(arrival, folder / one.sha256)
        if not content.pictures:
            facts = _facts(content, head, said.time)
            await self._taker.hear(camera.device, f"mail-{id_}", facts)


def _facts(content: MailContent, head: MailHead, taken: str) -> CameraFacts:
    """What comes beside a picture: its own time goes before the mail's."""
    said = content.facts
    return CameraFacts(
        time=taken or said.time,
        sent_at=head.received_at,
        battery_pct=said.battery_pct,
        battery_v=said.battery_v,
        temperature_c=said.temperature_c,
    )


def _said(content: MailContent, head: MailHead) -> bytes:
    """What a person needs to recognise a mail that was refused."""
    return msgspec.json.encode(
        {
            "from": content.senders[:3],
            "subject": content.subject,
            "received": head.received_at,
            "bytes": head.size,
        }
    )


def _clear(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            path.unlink(missing_ok=True)
        folder.rmdir()
