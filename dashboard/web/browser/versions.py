"""Versions of the browser's own files: a part of the address, so that no browser shows an old one.

Owns the digest of each file and the one of all that the service worker keeps. A file is read once; a new
version of the program is a new process.
"""

from functools import cache
from hashlib import blake2b
from pathlib import Path
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from dashboard.web import assets

YEAR_S = 365 * 24 * 3600
PHONE_FILES = (  # what the service worker keeps
    "app.css",
    "icon.svg",
    "panels.js",
    "live.js",
    "patrol.css",
    "patrol.js",
    "phone/store.js",
    "phone/send.js",
    "phone/page.js",
    "phone/queue.js",
)


@cache
def version_of(path: Path) -> str:
    """A digest of a file's content."""
    return blake2b(path.read_bytes(), digest_size=6).hexdigest()


def address_of(name: str) -> str:
    """The address of a file under `static/`, with its version. Raises OSError if there is none."""
    return f"/static/{name}?v={version_of(assets.STATIC / name)}"


def phone_version() -> str:
    """A digest of the files that the service worker keeps."""
    addresses = "\n".join(address_of(name) for name in PHONE_FILES)
    return blake2b(addresses.encode(), digest_size=6).hexdigest()


class VersionedFiles(StaticFiles):
    """The files; one that is asked for by its present version may be kept for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file."""
        answer = await super().get_response(path, scope)
        [wanted] = parse_qs(scope["query_string"].decode("latin-1")).get("v", [""])[:1]
        if (
            wanted
            and answer.status_code in {200, 304}
            and wanted == version_of(assets.STATIC / path)
        ):
            answer.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
        return answer
