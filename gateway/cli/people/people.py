"""`shishigaki people`: who is notified and who may log in, stored in the database.

Owns the commands. Passwords and channel addresses come from a prompt or standard input, never from the
command line, where other users of the machine could read them; no command shows them.
"""

import sys
from contextlib import closing
from typing import Annotated, Any

import msgspec
import typer
from msgspec import Struct
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from dashboard.web.entry.passwords import hash_password
from gateway.cli.options import AsJson, ConfigFile, load, open_store, takes
from gateway.cli.people.new_password import ask_password
from gateway.clock import utc_now
from gateway.domain.alerts.lifecycle import Duty
from gateway.domain.people import rules
from gateway.domain.people.person import Person, UserRole, with_channels
from gateway.domain.people.rules import PersonError
from gateway.ingest.people import roster
from gateway.words.catalogue import Language, both, language_of

PersonName = Annotated[str, typer.Argument(help="名前 / name")]
group = typer.Typer(help="知らせる人、ログインする人 / people", no_args_is_help=True)
DUTIES = "わな・代理・役場、何度でも / trapper, deputy, office; may be repeated"
PLACES = "担当のわなか区域、* 可、なければ全部 / own traps or areas, * allowed; none: all"


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(group, name="people")


class PersonOptions(Struct, frozen=True):
    """The options of `people add` and `people change`; what is not given stays as it is."""

    name: PersonName
    title: Annotated[str | None, typer.Option(help="呼び名 / what people call them")] = None
    language: Annotated[str | None, typer.Option(help="通知の言葉 / ja or en")] = None
    role: Annotated[UserRole | None, typer.Option(help="見えること、できること / role")] = None
    duty: Annotated[list[Duty] | None, typer.Option(help=DUTIES)] = None
    group: Annotated[list[str] | None, typer.Option(help="班 / group; may be repeated")] = None
    place: Annotated[list[str] | None, typer.Option(help=PLACES)] = None
    quiet: Annotated[str | None, typer.Option(help="静かな時間 / quiet hours, 22-06")] = None
    password: Annotated[bool, typer.Option("--password", help="パスワードを聞く / ask for it")] = (
        False
    )
    channels: Annotated[
        bool,
        typer.Option(
            "--channels",
            help="連絡先を標準入力から、1行に1件 / channels from standard input, one a line",
        ),
    ] = False
    config: ConfigFile = None


@group.command()
@takes(PersonOptions)
def add(options: PersonOptions) -> None:
    """追加します / add somebody."""
    _put(options, is_new=True)


@group.command()
@takes(PersonOptions)
def change(options: PersonOptions) -> None:
    """変更します。指定しない項目はそのまま / change somebody; what is not given stays."""
    _put(options, is_new=False)


@group.command()
def remove(name: PersonName, config: ConfigFile = None) -> None:
    """通知もログインもやめます / take somebody out: no messages, no log-in."""
    with closing(open_store(load(config))) as store:
        store.write_now(lambda tx: roster.remove(tx, name, None, utc_now()))
    typer.echo(f"{name}: 削除しました / removed")


@group.command("list")
def list_(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """一覧。連絡先は種類だけ / show everybody; of channels only the kind."""
    with closing(open_store(load(config))) as store:
        people = store.read_now(lambda reader: reader.people.all())
    if as_json:
        typer.echo(msgspec.json.encode([shown(one) for one in people]).decode())
        return
    table = Table("name", "title", "role", "duties", "places", "channels", "login")
    for one in people:
        row = shown(one)
        table.add_row(
            one.name,
            one.title,
            one.role,
            ", ".join(one.duties),
            ", ".join(one.places) or ("?" if rules.has_unsaid_places(one) else "*"),
            ", ".join(row["channels"]),
            "✓" if row["login"] else "",
        )
    Console().print(table)


@group.command()
def show(name: PersonName, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """一人と、その変更の記録 / show somebody and the record of their changes."""
    with closing(open_store(load(config))) as store:
        person = store.read_now(lambda reader: reader.people.find(name))
        changes = store.read_now(lambda reader: reader.people.changes(person=name))
        devices = store.read_now(lambda reader: reader.devices())
    if person is None and not changes:
        raise PersonError("person_error.absent", name=name)
    if as_json:
        found = {"person": shown(person) if person else None, "changes": changes}
        typer.echo(msgspec.json.encode(found).decode())
        return
    for key, value in (shown(person) if person else {}).items():
        typer.echo(f"{key}: {', '.join(value) if isinstance(value, list) else value}")
    if person and (lost := rules.unmatched(person, devices)):
        typer.echo(f"担当に合う機器がありません / no device fits: {', '.join(lost)}")
    for one in changes:
        fields = "; ".join(f"{f.field}: {f.before or '-'} → {f.after or '-'}" for f in one.fields)
        typer.echo(f"{one.at:%Y-%m-%d %H:%M} {one.by}: {one.what} {fields}")


def shown(person: Person) -> dict[str, Any]:
    """A person without secrets."""
    return {
        "name": person.name,
        "title": person.title,
        "language": person.language,
        "role": person.role,
        "duties": list(person.duties),
        "groups": list(person.groups),
        "places": list(person.places),
        "quiet": person.quiet,
        "channels": [f"{one.scheme}:…" for one in person.channels],
        "login": bool(person.password_hash),
    }


def _put(options: PersonOptions, *, is_new: bool) -> None:
    password_hash = hash_password(ask_password()) if options.password else None
    urls = [line.strip() for line in sys.stdin if line.strip()] if options.channels else None

    def changed(before: Person | None) -> Person:
        if (before is None) is not is_new:
            key = "present" if before else "absent"
            raise PersonError(f"person_error.{key}", name=options.name)
        person = before or Person(name=options.name)
        given = {
            "title": options.title,
            "language": _language(options.language),
            "role": options.role,
            "duties": options.duty and tuple(options.duty),
            "quiet": options.quiet,
            "groups": options.group and tuple(options.group),
            "places": options.place and tuple(options.place),
            "password_hash": password_hash,
        }
        person = replace(
            person, **{key: value for key, value in given.items() if value is not None}
        )
        return person if urls is None else with_channels(person, urls)

    with closing(open_store(load(options.config))) as store:
        person = store.write_now(lambda tx: roster.put(tx, options.name, changed, None, utc_now()))
    typer.echo(f"{person.name}: {person.role}")
    if rules.has_unsaid_places(person):
        typer.echo(both("person_error.places_unsaid"), err=True)


def _language(given: str | None) -> Language | None:
    if given is None:
        return None
    if (language := language_of(given)) is None:
        raise PersonError("person_error.language", given=given)
    return language
