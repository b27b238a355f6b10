"""What people find under `dashboard.public_url`: asked as a stranger's browser asks, from this machine.

Owns the questions and what their answers mean. Must not log in, nor follow a redirect.
"""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException

from gateway.config import ConfigError

WITHIN_S = 5.0
BROWSER = {"User-Agent": "Mozilla/5.0 (shishigaki doctor)"}
NOT_REACHED = "ここからは届きません。スマホで確かめてください / not reached from here, try a phone"
NOT_SET = "設定なし。通知にリンクが付きません / not set: messages carry no link"


class _Stay(urllib.request.HTTPRedirectHandler):
    """Gives a redirect back as it is."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def look(url: str, context: ssl.SSLContext | None = None) -> str:
    """What was found, in words. Raises ConfigError naming what a person has to change."""
    if not url:
        return NOT_SET
    base = url.rstrip("/")
    handlers = [_Stay(), *([urllib.request.HTTPSHandler(context=context)] if context else [])]
    try:
        return _looked(urllib.request.build_opener(*handlers), base)
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise ConfigError(f"{base}: 証明書 / certificate: {reason.verify_message}") from None
        return f"{base}: {NOT_REACHED}: {reason}"


def _looked(opener: urllib.request.OpenerDirector, base: str) -> str:
    status, body, _ = _ask(opener, f"{base}/healthz")
    if not _is_ours(body):
        raise ConfigError(f"{base}: 別の応答 / not our pages ({status}): check the proxy's target")
    status, _, target = _ask(opener, f"{base}/traps")
    if status == 200:
        raise ConfigError(
            f"{base}/traps: ログインなしで読めます / anybody reads it without a login"
        )
    if not target.startswith("/login"):
        raise ConfigError(f"{base}/traps: 余分な転送 / the proxy redirects it: {status} {target}")
    if _ask(opener, f"{base}/static/app.css")[0] != 200:
        raise ConfigError(f"{base}/static: 中継されません / the proxy does not pass every path on")
    status, _, _ = _ask(opener, f"{base}/api/openapi.json", {"Origin": base}, b"")
    if status == 403:
        raise ConfigError(f"{base}: Origin が変わります / the proxy changes the header Origin")
    plain = "" if base.startswith("https:") else "。HTTPS なし / without HTTPS phones keep no pages"
    return f"{base}: ログインが必要です / answers, and asks for a login{plain}"


def _ask(
    opener: urllib.request.OpenerDirector,
    url: str,
    headers: Mapping[str, str] = {},
    data: bytes | None = None,
) -> tuple[int, bytes, str]:
    """Status, body and where it sends the browser."""
    request = urllib.request.Request(url, data, {**BROWSER, **headers})  # noqa: S310 - http or https only
    try:
        with opener.open(request, timeout=WITHIN_S) as answer:
            return answer.status, answer.read(65_536), answer.headers.get("Location", "")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(65_536), error.headers.get("Location", "")


def _is_ours(body: bytes) -> bool:
    """Whether /healthz answered as ours does."""
    try:
        return isinstance(json.loads(body).get("ok"), bool)
    except (ValueError, AttributeError):
        return False
