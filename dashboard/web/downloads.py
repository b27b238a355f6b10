"""Responses with a file to save: headers and media types.

Owns these headers. Must not make the files.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import IO

from starlette.responses import Response, StreamingResponse

PIECE_BYTES = 65_536
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def file_answer(body: bytes, kind: str, name: str) -> Response:
    """A file to save under a name."""
    return Response(body, media_type=kind, headers=_headers(name))


def large_file_answer(file: IO[bytes], kind: str, name: str) -> Response:
    """A file to save that is read from the disk piece by piece, and closed at its end."""
    headers = _headers(name) | {"Content-Length": str(file.seek(0, 2))}
    file.seek(0)
    return StreamingResponse(_pieces(file), media_type=kind, headers=headers)


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
            yield piece
    finally:
        file.close()


def _headers(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
