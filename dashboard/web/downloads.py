"""Responses with a file to save: headers and media types.

Owns these headers. Must not make the files.
"""

from starlette.responses import Response

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def file_answer(body: bytes, kind: str, name: str) -> Response:
    """A file to save under a name."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, media_type=kind, headers=headers)
