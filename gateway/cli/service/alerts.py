"""`shishigaki alerts`: lists open alerts, and tests the channels of a person."""

import asyncio
from contextlib import closing
from typing import Annotated

import msgspec
import typer
from msgspec.structs import replace

from gateway import app as service
from gateway.alerts import texts
from gateway.alerts.channels import Notification, UndeliveredError
from gateway.alerts.channels.table import OpenChannel, open_channel
from gateway.alerts.open_channels import wrong_channels
from gateway.cli.options import AsJson, Config, ConfigFile, load, open_store
from gateway.clock import utc_now
from gateway.config import ConfigError
from gateway.config.people import person_of
from gateway.domain.model import Alert, AlertLevel
from gateway.domain.people.person import Person
from gateway.mqtt.publish_once import publisher
from gateway.words.catalogue import translations

group = typer.Typer(help="通知 / alerts", no_args_is_help=True)


class ChannelTest(msgspec.Struct, frozen=True):
    """The result of testing one channel."""

    channel: str  # the URL's scheme only: the rest is secret
    sent: bool
    answer: str


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(group, name="alerts")


@group.command("test")
def run_test(
    person: Annotated[str, typer.Option("--person", help="名前 / name of a person")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """一人の全ての連絡先に試験通知を送り、各社の返答を表示します / send a test by every channel."""
    settings = load(config)
    recipient = _find(settings, person)
    results = asyncio.run(_try(settings, recipient))
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


async def _try(settings: Config, person: Person) -> list[ChannelTest]:
    if wrong := wrong_channels([person]):
        raise ConfigError("; ".join(wrong))
    means = replace(service.means(settings, publisher(settings.mqtt)), recipient=person.name)
    return [await _send(open_channel(one.url, means), person) for one in person.channels]


async def _send(channel: OpenChannel, person: Person) -> ChannelTest:
    now, words = utc_now(), translations(person.language)
    alert = Alert(
        id=f"test-{person.name}",
        rule="test",
        subject=person.name,
        level=AlertLevel.INFO,
        observed_at=now,
        opened_at=now,
    )
    notification = Notification(
        f"{alert.id}-{now.isoformat()}",
        words("alert.test_title"),
        words("alert.test_text"),
        urgent=True,
        alerts=(alert,),
    )
    try:
        answer = await channel.send(notification)
        if channel.row.takes_back:  # a siren must not stay on
            await channel.send(msgspec.structs.replace(notification, over=True))
    except UndeliveredError as failure:
        return ChannelTest(channel.scheme, False, failure.answer)
    return ChannelTest(channel.scheme, True, answer)


def _find(settings: Config, name: str) -> Person:
    """Somebody of the database, or of the file where nobody is kept there yet."""
    with closing(open_store(settings)) as store:
        kept = store.read_now(lambda r: r.people.all() if r.people.since() else None)
    people = [person_of(one) for one in settings.people] if kept is None else kept
    for person in people:
        if person.name == name:
            return person
    known = ", ".join(person.name for person in people) or "none"
    raise ConfigError(f"people: no such person: {name}; known: {known}")
