"""A gateway with devices and news, and programs that ask with tokens."""

from collections.abc import Mapping
from datetime import timedelta

from msgspec import Struct

from gateway.app import Gateway
from gateway.domain.people.api_token import ApiToken, Scope, hash_of, new_secret
from gateway.domain.people.person import UserRole
from tests.dashboard.client import Answer, Client
from tests.dashboard.place import NOW
from tests.dashboard.rights.house import OWN

FIELD = {UserRole.TRAPPER: (OWN,)}


class Program(Struct):
    """A program with one token."""

    client: Client
    secret: str

    def get(
        self, path: str, params: Mapping[str, object] = {}, headers: Mapping[str, str] = {}
    ) -> Answer:
        """GET with the token."""
        sent = {"authorization": f"Bearer {self.secret}", **headers}
        return self.client.get(path, params, sent)


def program(
    gateway: Gateway,
    url: str,
    role: UserRole = UserRole.OFFICIAL,
    scopes: tuple[Scope, ...] = tuple(Scope),
    name: str = "",
    days: float = 30,
) -> Program:
    """A new program whose token the gateway knows."""
    secret = new_secret()
    token = ApiToken(
        name=name or secret[-12:],
        role=role,
        scopes=scopes,
        places=FIELD.get(role, ()),
        created_at=NOW,
        expires_at=NOW + timedelta(days=days),
    )
    assert gateway.store.write_now(lambda tx: tx.tokens.add(hash_of(secret), token))
    return Program(Client(url), secret)
