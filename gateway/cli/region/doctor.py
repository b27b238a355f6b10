"""`shishigaki region doctor`: what is wrong with this hub, and the command that mends it."""

from pathlib import Path

import msgspec
import typer

from gateway.cli.options import AsJson
from gateway.cli.region.hub_options import (
    FOLDER,
    HUB_FILE,
    Folder,
    HubDatabaseError,
    HubFile,
    OwnerDatabase,
    as_owner,
)
from gateway.clock import utc_now
from gateway.region.hub.hub_checks import (
    HubFinding,
    check_certificates,
    check_database,
    check_receiver,
)
from gateway.region.hub.settings import address, load_settings


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(doctor)


def doctor(
    database: OwnerDatabase,
    authority: Folder = FOLDER,
    config: HubFile = HUB_FILE,
    as_json: AsJson = False,
) -> None:
    """この集約サーバーのどこが悪いか / what is wrong with this hub; exit 1 if anything is."""
    found = [*_sockets(config), *check_certificates(authority, utc_now())]
    settings = load_settings(config)
    try:
        found += as_owner(
            database,
            lambda link: check_database(link, settings.replicas, settings.silent_after_s),
        )
    except HubDatabaseError as error:
        found.append(HubFinding("データベース / database", str(error), _away(settings.replicas)))
    typer.echo(msgspec.json.encode(found).decode() if as_json else "\n".join(map(_line, found)))
    if any(one.mend for one in found):
        raise typer.Exit(1)


ALONE_AWAY = "systemctl restart postgresql@15-region; journalctl -u postgresql@15-region -e"
CLUSTER_AWAY = "patronictl -c /etc/patroni/config.yml list; journalctl -u patroni -u haproxy -e"


def _away(replicas: int) -> str:
    """What to do about a database that does not answer; on one machine there is no Patroni."""
    return CLUSTER_AWAY if replicas else ALONE_AWAY


def _sockets(config: Path) -> list[HubFinding]:
    """Each receiver of this machine that has a file beside this one."""
    files = sorted(config.parent.glob("receiver*.toml")) or [config]
    listens = [load_settings(file).listen for file in files]
    return [check_receiver(listen) for listen in listens if address(listen) is None]


def _line(one: HubFinding) -> str:
    if one.mend:
        return f"× {one.name}: {one.text}\n    -> {one.mend}"
    return f"○ {one.name}: {one.text}"
