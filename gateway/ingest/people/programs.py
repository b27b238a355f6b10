"""Giving and taking back tokens of programs: the rules, the row and the audit in one transaction.

Owns the order of these steps for the page and the command. Must not make a secret or read a clock.
"""

from datetime import datetime

from msgspec.structs import replace

from gateway.domain.people.api_token import ApiToken, TokenError, check
from gateway.domain.people.changes import FieldChange
from gateway.domain.people.rules import plain
from gateway.store import Transaction


def add(tx: Transaction, token: ApiToken, hashed: str, by: str, now: datetime) -> ApiToken:
    """Keep a new token by the hash of its secret. Raises TokenError."""
    named = replace(token, name=plain(token.name), places=tuple(map(plain, token.places)))
    check(named)
    if not tx.tokens.add(hashed, named):
        raise TokenError("token_error.known", name=named.name)
    what = f"{named.role}, {'+'.join(named.scopes)}, {'+'.join(named.places) or '*'}"
    until = f"{named.name} ({what}, {named.expires_at:%Y-%m-%d})"
    tx.people.note("token_added", [FieldChange("token", "", until)], by, now)
    return named


def revoke(tx: Transaction, name: str, by: str, now: datetime) -> None:
    """End a token at once. Raises TokenError."""
    if not tx.tokens.revoke(name, now):
        raise TokenError("token_error.unknown", name=name)
    tx.people.note("token_revoked", [FieldChange("token", name, "")], by, now)
