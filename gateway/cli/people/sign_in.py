"""`shishigaki users qr` and `users first`: sign-in links in the terminal.

Owns the two commands. A link is shown once and kept only as a hash.
"""

import socket
from contextlib import closing
from typing import Annotated

import typer

from dashboard.web.entry import qr as code
from dashboard.web.entry.sign_in import PATH
from gateway.cli.options import Config, ConfigFile, load, open_store
from gateway.clock import utc_now
from gateway.config.dashboard import LOOPBACK_NAMES
from gateway.domain.errors import BadInputError
from gateway.domain.people.person import Person, UserRole
from gateway.domain.people.session import LINK_DAYS, MOST_LINK_DAYS
from gateway.store import Transaction

BY = "command line"  # in the audit
FIRST_DAYS = 1

Days = Annotated[
    int, typer.Option(min=1, max=MOST_LINK_DAYS, help="有効な日数 / how long it is valid")
]
Base = Annotated[
    str | None, typer.Option("--url", help="スマホから見た住所 / how phones reach the pages")
]


class SignInError(BadInputError):
    """There is nobody of that name; the text says who there is."""


def register(group: typer.Typer) -> None:
    """Add the commands to `shishigaki users`."""
    group.command("qr")(qr)
    group.command("first")(first)


def qr(
    name: Annotated[str, typer.Argument(help="だれの / for whom")],
    days: Days = LINK_DAYS,
    url: Base = None,
    config: ConfigFile = None,
) -> None:
    """QRで一度だけ入れる住所を作る / make a link that signs somebody in, once."""
    settings = load(config)

    def make(tx: Transaction) -> str:
        if tx.people.find(name) is None:
            known = ", ".join(one.name for one in tx.people.all())
            raise SignInError(f"{name}: no such person; known: {known or 'none'}")
        return tx.sessions.make_link(name, BY, utc_now(), days)

    with closing(open_store(settings)) as store:
        token = store.write_now(make)
    _show(name, days, base_url(settings, url), token)


def first(
    name: Annotated[
        str, typer.Argument(help="最初の管理者の名前 / the first administrator")
    ] = "admin",
    url: Base = None,
    config: ConfigFile = None,
) -> None:
    """まだだれも入れないときだけ、最初の管理者を作ってQRを出す / the first administrator, once."""
    settings = load(config)

    def make(tx: Transaction) -> str | None:
        if tx.sessions.anybody():
            return None
        before = tx.people.find(name)
        tx.people.put(before or Person(name=name, role=UserRole.ADMIN), BY, utc_now())
        return tx.sessions.make_link(name, BY, utc_now(), FIRST_DAYS)

    with closing(open_store(settings)) as store:
        token = store.write_now(make)
    if token:
        _show(name, FIRST_DAYS, base_url(settings, url), token)


def base_url(settings: Config, given: str | None) -> str:
    """How a phone, or a browser on this machine, reaches the pages."""
    dashboard = settings.dashboard
    if found := given or dashboard.public_url:
        return found.rstrip("/")
    host = dashboard.host if dashboard.host in LOOPBACK_NAMES else f"{socket.gethostname()}.local"
    return f"http://{f'[{host}]' if ':' in host else host}:{dashboard.port}"


def _show(name: str, days: int, base: str, token: str) -> None:
    url = f"{base}{PATH}{token}"
    typer.echo(code.in_terminal(url))
    typer.echo(
        f"{name}: スマホで読むか、次を開いてください。一度だけ、{days} 日間 / "
        f"read it with a phone, or open this; once, within {days} days"
    )
    typer.echo(url)
