"""Asks the provider of a channel whether it would take a message, without sending one.

Owns one question a provider: LINE its token, a mail server its login, any other server a connection with its
certificate checked. Blocks; must not run on the event loop.
"""

import http.client
import smtplib
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

from gateway.alerts.channels import UndeliveredError
from gateway.alerts.channels.table import row_of

WITHIN_S = 8.0
BY_BROKER = {"console", "mqtt", "meshtastic"}  # this machine's own: other checks ask them


def ask(url: str, line_url: str) -> bool:
    """Whether the provider was asked; False where only a message would tell. Raises UndeliveredError."""
    name = row_of(url).name
    try:
        if name == "line":
            return _line(url, line_url)
        if name == "webhook":
            return _connects(urlsplit(url.partition("@")[2]))
        return name == "apprise" and _apprise(url)
    except (OSError, smtplib.SMTPException, http.client.HTTPException) as error:
        raise UndeliveredError(_reason(error)) from None


def _line(url: str, line_url: str) -> bool:
    token = url.removeprefix("line:").partition("@")[0]
    target = urlsplit(line_url)
    make = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
    connection = make(target.hostname or "", target.port, timeout=WITHIN_S)
    try:
        connection.request("GET", "/v2/bot/info", headers={"Authorization": f"Bearer {token}"})
        status = connection.getresponse().status
    finally:
        connection.close()
    if status in {401, 403}:
        raise UndeliveredError(f"HTTP {status}: the token is refused", permanent=True)
    return True


def _apprise(url: str) -> bool:
    import apprise

    targets = apprise.Apprise()
    targets.add(url)
    asked = [_target(one) for one in targets]
    return any(asked)


def _target(target: Any) -> bool:
    if getattr(target, "smtp_host", None):
        return _mail(target)
    host = getattr(target, "host", None) or ""
    fixed = str(getattr(target, "notify_url", None) or "")
    if fixed.startswith("http"):
        return _connects(urlsplit(fixed))
    if "." not in host and ":" not in host and host != "localhost":
        return False  # a part of the address that only its service understands
    scheme = "https" if getattr(target, "secure", False) else "http"
    port = f":{target.port}" if getattr(target, "port", None) else ""
    return _connects(urlsplit(f"{scheme}://{host}{port}"))


def _mail(target: Any) -> bool:
    """Log in at the mail server as a message would."""
    secure = str(getattr(target, "secure_mode", "") or "")
    make = smtplib.SMTP_SSL if secure == "ssl" else smtplib.SMTP
    with make(target.smtp_host, target.port, timeout=WITHIN_S) as server:
        if secure == "starttls":
            server.starttls(context=ssl.create_default_context())
        if target.user and target.password:
            server.login(target.user, target.password)
    return True


def _connects(target: Any) -> bool:
    secure = target.scheme == "https"
    port = target.port or (443 if secure else 80)
    with socket.create_connection((target.hostname, port), timeout=WITHIN_S) as plain:
        if secure:
            context = ssl.create_default_context()
            with context.wrap_socket(plain, server_hostname=target.hostname):
                pass
    return True


def _reason(error: Exception) -> str:
    """Why, without the address, which may hold a secret."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"the mail server refuses name or password ({error.smtp_code})"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return f"not reached: {error.strerror}"
    return f"not reached: {type(error).__name__}"
