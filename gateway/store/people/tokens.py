"""The table api_token: tokens of programs that read the API.

Owns its statements. Must not decide what a token may read. Rows of revoked tokens stay, as a record.
"""

from datetime import datetime
from typing import Any

import apsw
import msgspec
from msgspec.structs import replace

from gateway.domain.epoch import from_ms, ms
from gateway.domain.people.api_token import ApiToken
from gateway.store.connection import DamagedFileError
from gateway.store.rows import readable, to_json

_SELECT = "SELECT revoked_ms, used_ms, body FROM api_token"
_decode = msgspec.json.Decoder(ApiToken).decode


class TokenReads:
    """Reading verbs of one connection."""

    def __init__(self, connection: Any) -> None:
        self._execute = connection.execute

    def find(self, id_: str) -> ApiToken | None:
        """The token with this hash, revoked or expired ones too; None: it was never made."""
        rows = self._execute(f"{_SELECT} WHERE id = ?", (id_,))
        return next(iter(readable(_token, rows)), None)

    def all(self) -> list[ApiToken]:
        """Every token ever made, by name."""
        rows = self._execute(f"{_SELECT} ORDER BY name, expires_ms")
        return list(readable(_token, rows))


class TokenTable:
    """Verbs on tokens, inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection, self._execute = connection, connection.execute

    def add(self, id_: str, token: ApiToken) -> bool:
        """Keep a new token; False: a token of this name is not revoked yet."""
        row = (id_, token.name, ms(token.expires_at), to_json(token))
        sql = (
            "INSERT INTO api_token (id, name, expires_ms, body) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING"
        )
        self._execute(sql, row)
        return bool(self._connection.changes())

    def revoke(self, name: str, now: datetime) -> bool:
        """End a token at once; False: none of this name is valid."""
        sql = "UPDATE api_token SET revoked_ms = ? WHERE name = ? AND revoked_ms IS NULL"
        self._execute(sql, (ms(now), name))
        return bool(self._connection.changes())

    def see(self, id_: str, now: datetime) -> None:
        """It was used."""
        sql = "UPDATE api_token SET used_ms = max(coalesce(used_ms, 0), ?) WHERE id = ?"
        self._execute(sql, (ms(now), id_))


def _token(row: tuple[Any, ...]) -> ApiToken:
    revoked_ms, used_ms, body = row
    try:
        token = _decode(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise DamagedFileError(f"api_token: {error}") from None
    return replace(
        token,
        revoked_at=None if revoked_ms is None else from_ms(revoked_ms),
        used_at=None if used_ms is None else from_ms(used_ms),
    )
