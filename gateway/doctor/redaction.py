"""Takes out of a text what others must not read: secrets, addresses, names of people, exact places. PURE.

Owns which values of the settings are secret, and the forms that secrets and addresses have anywhere. Must not
rely on one of the two alone: a value that is known is replaced, and a form that looks like one too.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

SECRET_KEYS = {
    "password",
    "secret",
    "token",
    "channels",
    "heartbeat_url",
    "imap_password",
    "imap_username",
    "ntfy_token",
    "ntfy_url",
    "username",
    "permit",
    "permits",
    "mail",
    "centre",
    "people",
}
LEAST = 4  # characters of a value that is replaced everywhere
GONE = "***"
_FORMS = (
    re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s'\"]+"),  # whatever its scheme: it may hold a password
    re.compile(r"\b(?:line|mqtt|meshtastic|webhook|webpush):\S+"),
    re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),  # mail
    re.compile(r"(?<![\d.])-?\d{1,3}\.\d{4,}"),  # a coordinate
    re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{20,}\b"),  # tokens, hashes
    re.compile(r"(?<!\d)0\d{1,4}-?\d{1,4}-?\d{3,4}(?!\d)"),  # telephone
    re.compile(r"(?i)\b((?:password|passphrase|token|secret|psk)\s*[=:]\s*)\S+"),
)
_PARTS = re.compile(r"[:/@?&=,\s]+")


def without_secrets(settings: Any, name: str = "") -> Any:
    """Settings as plain values, with what is secret replaced; empty values stay, they tell something."""
    if name in SECRET_KEYS:
        return GONE if settings else settings
    if isinstance(settings, dict):
        return {key: without_secrets(value, str(key)) for key, value in settings.items()}
    if isinstance(settings, list):
        return [without_secrets(value) for value in settings]
    return settings


def secrets_in(settings: Any, name: str = "") -> Iterator[str]:
    """Every secret value of the settings, and the parts of an address that may stand alone."""
    if isinstance(settings, dict):
        for key, value in settings.items():
            yield from secrets_in(value, key if key in SECRET_KEYS else name)
    elif isinstance(settings, list):
        for value in settings:
            yield from secrets_in(value, name)
    elif name in SECRET_KEYS and isinstance(settings, str):
        yield from parts(settings)


def parts(secret: str) -> Iterator[str]:
    """A secret, and what it is put together of, plain and as an address writes it."""
    for form in {secret, unquote(secret)}:
        yield form
        yield from _PARTS.split(form)


def redacted(text: str, known: Iterable[str]) -> str:
    """The text without the known values, and without what has the form of one."""
    for value in sorted({one for one in known if len(one) >= LEAST}, key=len, reverse=True):
        text = text.replace(value, GONE)
    for form in _FORMS:
        text = form.sub(lambda found: (found[1] if found.re.groups else "") + GONE, text)
    return text
