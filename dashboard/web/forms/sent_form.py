"""Reads what a form with photos sent: its fields, and its photos, which are kept while they arrive.

Owns this reading. A photo that is refused never costs the record: its reason is told beside it. Must not
know what the fields mean, nor record anything.
"""

from collections.abc import AsyncIterator

from msgspec import Struct
from starlette.requests import ClientDisconnect, Request

from dashboard.web.forms.multipart import FormError, MultipartForm, Part
from gateway.domain.traps.photo import PhotoRefusal
from gateway.ingest.photos.keeping import PhotoKeeper, PhotoRefusedError
from gateway.store import DiskError
from gateway.words.catalogue import Translations

MAX_PHOTOS = 8  # of one record
PHOTO_FIELD = "photo_file"
PHOTOS = "photos"  # of the form: SHA-256 of those that are here already
MAX_FIELDS = 60
MAX_FIELD_BYTES = 4_000


class SentForm(Struct, frozen=True):
    """What arrived. `photos` of the fields names the new photos too."""

    fields: dict[str, str]
    photos: tuple[str, ...] = ()  # SHA-256 of the new photos, which are kept now
    refused: tuple[PhotoRefusal, ...] = ()


class FormReader:
    """Reads the forms of one page. `keeper`: None where no photos are taken."""

    def __init__(self, keeper: PhotoKeeper | None) -> None:
        self._keeper = keeper

    async def read(self, request: Request, person: str) -> SentForm:
        """The fields, after the photos were kept. Raises FormError, a ValueError."""
        if not request.headers.get("content-type", "").startswith("multipart/"):
            async with request.form(max_fields=MAX_FIELDS, max_files=0) as form:
                return SentForm({name: str(value) for name, value in form.items()})
        fields: dict[str, str] = {}
        sums: list[str] = []
        refused: list[PhotoRefusal] = []
        whole = MultipartForm(request.headers["content-type"], request.stream())
        try:
            async for part in whole.parts():
                if not part.is_file:
                    fields[part.name] = await part.text(MAX_FIELD_BYTES)
                elif part.name == PHOTO_FIELD and (first := await anext(part.pieces(), b"")):
                    await self._take(first, part, person, sums, refused)
        except ClientDisconnect:
            raise FormError("the sender went away") from None
        names = fields.get(PHOTOS, "").split()
        return SentForm(fields | {PHOTOS: " ".join([*names, *sums])}, tuple(sums), tuple(refused))

    async def _take(
        self, first: bytes, part: Part, person: str, sums: list[str], refused: list[PhotoRefusal]
    ) -> None:
        """Keep one photo; why not, if not."""
        if self._keeper is None or len(sums) + len(refused) >= MAX_PHOTOS:
            refused.append(PhotoRefusal.TOO_MANY)
            return

        async def whole() -> AsyncIterator[bytes]:
            yield first
            async for piece in part.pieces():
                yield piece

        try:
            sums.append((await self._keeper.keep(whole(), person)).sent_sha256)
        except PhotoRefusedError as error:
            refused.append(error.reason)
        except DiskError:
            refused.append(PhotoRefusal.NO_ROOM)


def photos_told(sent: SentForm, words: Translations) -> str:
    """Which photos were kept, and why others were not: each reason once, with how many photos it cost."""
    kept = [words("photo.kept", n=len(sent.photos))] if sent.photos else []
    lost = [
        words("photo.not_kept", n=sent.refused.count(one), why=words(f"photo.refused.{one.value}"))
        for one in dict.fromkeys(sent.refused)
    ]
    return " ".join([*kept, *lost])
