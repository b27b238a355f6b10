"""`shishigaki alerts`: what is open, and whether messages reach a person."""

import asyncio
from contextlib import closing
from typing import Annotated

import msgspec
import typer

from gateway import app as service
from gateway.alerts import texts
from gateway.alerts.channels import Notification, UndeliveredError
from gateway.alerts.channels.table import OpenChannel
from gateway.cli.options import AsJson, Config, ConfigFile, load, open_store
from gateway.clock import utc_now
from gateway.config import ConfigError, Person
from gateway.domain.model import Alert, AlertLevel
from gateway.mqtt.publish_once import publisher

group = typer.Typer(help="通知 / alerts", no_args_is_help=True)
TITLE = {"ja": "試験通知", "en": "Test"}
TEXT = {
    "ja": "これは試験です。届いたら担当者に知らせてください。",
    "en": "This is a test. Please tell the office that it arrived.",
}


class Tried(msgspec.Struct, frozen=True):
    """What became of one channel's test."""

    channel: str  # the URL's scheme: the rest is secret
    sent: bool
    answer: str


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(group, name="alerts")


@group.command("test")
def try_out(
    person: Annotated[str, typer.Option("--person", help="設定ファイルの name / name of a person")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """一人の全ての連絡先に試験通知を送り、各社の返答を表示します / send a test by every channel."""
    settings = load(config)
    whom = _find(settings, person)
    results = asyncio.run(_try(settings, whom))
    if as_json:
        typer.echo(msgspec.json.encode(results).decode())
    for tried in [] if as_json else results:
        typer.echo(f"{'○' if tried.sent else '×'} {tried.channel}: {tried.answer}")
    if not all(tried.sent for tried in results):
        raise typer.Exit(1)


@group.command("list")
def list_(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """終わっていない通知を表示します / show the alerts that are not over."""
    settings = load(config)
    with closing(open_store(settings)) as store:
        alerts = store.read_now(lambda r: r.open_alerts())
        devices = {device.id: device for device in store.read_now(lambda r: r.devices())}
    if as_json:
        typer.echo(msgspec.json.encode(alerts).decode())
        return
    zone, language, now = service.policy(settings).zone, settings.site.language, utc_now()
    for alert in alerts:
        line = texts.text(alert, devices.get(alert.subject), language, zone, now)
        typer.echo(f"{alert.id} {alert.status} {texts.title(alert, language)} {line}")


async def _try(settings: Config, person: Person) -> list[Tried]:
    only = msgspec.structs.replace(settings, people=(person,))
    ways = service.open_channels(only, publisher(settings.mqtt))
    return [await _send(ways[person.name, str(place)], person) for place in range(len(ways))]


async def _send(way: OpenChannel, person: Person) -> Tried:
    now = utc_now()
    alert = Alert(id=f"test-{person.name}", rule="test", subject=person.name, level=AlertLevel.INFO,
                  observed_at=now, opened_at=now)  # fmt: skip
    letter = Notification(f"{alert.id}-{now.isoformat()}", TITLE[person.language], TEXT[person.language],
                    urgent=True, alerts=(alert,))  # fmt: skip
    try:
        answer = await way.send(letter)
        if way.row.takes_back:  # a siren must not go on
            await way.send(msgspec.structs.replace(letter, over=True))
    except UndeliveredError as failure:
        return Tried(way.scheme, False, failure.answer)
    return Tried(way.scheme, True, answer)


def _find(settings: Config, name: str) -> Person:
    for person in settings.people:
        if person.name == name:
            return person
    known = ", ".join(person.name for person in settings.people) or "none"
    raise ConfigError(f"people: no such person: {name}; known: {known}")
