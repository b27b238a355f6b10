"""Links to one picture: signed and ending, for channels that fetch it. No I/O.

Owns the token. Whoever has the link sees this picture for some days; one with people in it is not shown
(`dashboard.pictures.seeing`).
"""

from datetime import datetime
from hashlib import sha256

from itsdangerous import BadSignature, URLSafeSerializer

from gateway.domain.people.signing import Keys

PATH = "/see/"
DAYS = 3


class PictureLinks:
    """Makes and reads tokens with the secrets that are accepted now."""

    def __init__(self, keys: Keys, public_url: str = "") -> None:
        self._keys, self._base = keys, public_url.rstrip("/")

    def path(self, picture: str, now: datetime) -> str:
        """The link's path."""
        until = round(now.timestamp()) + DAYS * 86_400
        return f"{PATH}{_signer(self._keys()[-1]).dumps([picture, until])}"

    def url(self, picture: str, now: datetime) -> str:
        """The whole link; empty without a public address."""
        return f"{self._base}{self.path(picture, now)}" if self._base else ""

    def read(self, token: str, now: datetime) -> str | None:
        """The picture of a token; None: it is not ours, or over."""
        for key in self._keys():
            try:
                picture, until = _signer(key).loads(token)
            except (BadSignature, ValueError, TypeError):
                continue
            if isinstance(picture, str) and isinstance(until, int):
                return picture if now.timestamp() <= until else None
        return None


def _signer(key: str) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt="picture", signer_kwargs={"digest_method": sha256})
