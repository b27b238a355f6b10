"""A kept photo as a response. Must not decide who may see it."""

import asyncio

from starlette.responses import Response

from gateway.domain.traps.photo import Photo
from gateway.ingest.photos.files import PhotoFiles


async def picture_answer(files: PhotoFiles, photo: Photo) -> Response | None:
    """The picture; None: its file is missing, or is not what was kept."""
    data = await asyncio.to_thread(files.read, photo.kept_sha256)
    if data is None:
        return None
    name = f'inline; filename="{photo.kept_sha256[:16]}.jpg"'
    headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
    return Response(data, media_type="image/jpeg", headers=headers)
