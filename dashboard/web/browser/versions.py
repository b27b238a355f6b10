"""Versions of the browser's own files: a part of the address, so that no browser shows an old one.

Owns the digest of each file and the one of all that the service worker keeps, and the one file that the
scripts of the phone are sent as: over a slow line each further file costs seconds. A file is read once; a
new version of the program is a new process.
"""

from functools import cache
from hashlib import blake2b
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from dashboard.web import assets

YEAR_S = 365 * 24 * 3600
PHONE_SCRIPT = "phone.js"
PHONE_PARTS = ("phone/store.js", "phone/send.js", "phone/page.js")  # in this order
PHONE_FILES = (  # what the service worker keeps
    "app.css",
    "icon.svg",
    "panels.js",
    "live.js",
    "capture.css",
    "capture.js",
    "patrol.css",
    "patrol.js",
    "phone/queue.js",
    "phone/push.js",
    PHONE_SCRIPT,
)


def content_of(name: str) -> bytes:
    """A file under `static/`. Raises OSError if there is none."""
    if name == PHONE_SCRIPT:
        return phone_script()
    return (assets.STATIC / name).read_bytes()


@cache
def version_of(name: str) -> str:
    """A digest of a file's content. Raises OSError if there is none."""
    return blake2b(content_of(name), digest_size=6).hexdigest()


def address_of(name: str) -> str:
    """The address of a file under `static/`, with its version. Raises OSError if there is none."""
    return f"/static/{name}?v={version_of(name)}"


def phone_version() -> str:
    """A digest of the files that the service worker keeps."""
    addresses = "\n".join(address_of(name) for name in PHONE_FILES)
    return blake2b(addresses.encode(), digest_size=6).hexdigest()


@cache
def phone_script() -> bytes:
    """The scripts of the phone as one, without indents and lines that are comments."""
    texts = [(assets.STATIC / name).read_text(encoding="utf-8") for name in PHONE_PARTS]
    lines = (line.strip() for text in texts for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")).encode()


class VersionedFiles(StaticFiles):
    """The files; one that is asked for by its present version may be kept for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file."""
        if path == PHONE_SCRIPT:
            answer = Response(phone_script(), media_type="text/javascript")
        else:
            answer = await super().get_response(path, scope)
        wanted = parse_qs(scope["query_string"].decode("latin-1")).get("v", [""])[0]
        if wanted and answer.status_code in {200, 304} and wanted == version_of(path):
            answer.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
        return answer
