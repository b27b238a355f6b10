"""What one report sends: its fields first, and its photos only once it is admitted.

Owns this order: whoever may not report costs no room on the disk. A photo that is refused never costs the
report. Must not store a report.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from urllib.parse import parse_qsl

from msgspec import Struct
from starlette.requests import ClientDisconnect, Request

from dashboard.web.forms.multipart import FormError, MultipartForm, Part
from dashboard.web.forms.sent_form import MAX_FIELD_BYTES, MAX_FIELDS, PHOTO_FIELD
from gateway.domain.reports.report import MAX_PHOTOS
from gateway.ingest.photos.keeping import PhotoKeeper, PhotoRefusedError
from gateway.store import DiskError, Store

RESIDENT = "resident"  # whose the photos are: nobody's name is known
MAX_TEXT_BYTES = 32_000  # of a report without photos
AT_ONCE = 4  # photos of residents that arrive at the same time: trappers' photos need not wait
SLOT_WAIT_S = 10.0  # for photos of others; then the report goes on without the photo
PHOTO_S = 180.0  # for one photo over a slow line
LEFT_OVER = timedelta(hours=6)  # no report takes so long to arrive: these photos belong to none
MAX_DROPPED_BYTES = 60_000_000  # of photos that are refused
Admit = Callable[[dict[str, str]], Awaitable[bool]]
"""Whether the report is new. Raises if what the fields say may not be taken."""


class Arrived(Struct, frozen=True):
    """One report as it arrived."""

    fields: dict[str, str]
    photos: tuple[str, ...] = ()  # SHA-256 of those that are kept
    refused: int = 0  # photos that are not


class Arriving:
    """Reads reports. `room_bytes`: what all photos of residents may take."""

    def __init__(self, store: Store, keeper: PhotoKeeper, room_bytes: int) -> None:
        self._store, self._keeper, self._room_bytes = store, keeper, room_bytes
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def read(self, request: Request, admit: Admit) -> Arrived:
        """The fields and photos; `admit` is asked once, before the first photo. Raises FormError.

        What is refused is read to its end, so that the sender receives the answer.
        """
        body = request.stream()
        kind = request.headers.get("content-type", "")
        try:
            if kind.startswith("multipart/"):
                return await self._parts(MultipartForm(kind, body), admit)
            fields = _fields(await _bounded(body))
            await admit(fields)
            return Arrived(fields)
        except ClientDisconnect:
            raise FormError("the sender went away") from None
        finally:
            await _drop(body)

    async def _parts(self, whole: MultipartForm, admit: Admit) -> Arrived:
        fields: dict[str, str] = {}
        sums: list[str] = []
        refused, is_new = 0, None
        async for part in whole.parts():
            if not part.is_file:
                fields[part.name] = await part.text(MAX_FIELD_BYTES)
                continue
            first = await anext(part.pieces(), b"")
            if part.name != PHOTO_FIELD or not first:
                continue
            if is_new is None:
                is_new = await admit(fields)
            if not is_new:  # the stored report has its photos
                continue
            kept = await self._keep(first, part) if len(sums) + refused < MAX_PHOTOS else ""
            refused += not kept
            sums += [kept] if kept else []
        if is_new is None:
            await admit(fields)
        return Arrived(fields, tuple(dict.fromkeys(sums)), refused)

    async def _keep(self, first: bytes, part: Part) -> str:
        """The SHA-256 of a photo that is kept; "" if it is not."""
        with contextlib.suppress(DiskError, PhotoRefusedError):
            await self._keeper.forget_unnamed(RESIDENT, LEFT_OVER)
        used = await self._store.read(lambda reader: reader.photos.bytes_by(RESIDENT))
        if used >= self._room_bytes:
            return ""

        async def whole() -> AsyncIterator[bytes]:
            yield first
            async for piece in part.pieces():
                yield piece

        try:
            async with asyncio.timeout(SLOT_WAIT_S):
                await self._slots.acquire()
        except TimeoutError:
            return ""
        try:
            async with asyncio.timeout(PHOTO_S):
                return (await self._keeper.keep(whole(), RESIDENT)).sent_sha256
        except (PhotoRefusedError, DiskError, TimeoutError):
            return ""
        finally:
            self._slots.release()


async def _bounded(body: AsyncIterator[bytes]) -> bytes:
    found = b""
    async for piece in body:
        found += piece
        if len(found) > MAX_TEXT_BYTES:
            raise FormError(f"more than {MAX_TEXT_BYTES} bytes")
    return found


def _fields(body: bytes) -> dict[str, str]:
    text = body.decode("utf-8", "replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError as error:
        raise FormError(str(error)) from None


async def _drop(body: AsyncIterator[bytes]) -> None:
    """Read what is left of a body without keeping it."""
    left = MAX_DROPPED_BYTES
    with contextlib.suppress(ClientDisconnect):
        while left > 0 and (piece := await anext(body, None)) is not None:
            left -= len(piece)
