"""``shishigaki dialects``: the equipment understood, its topics, its QoS and how to raise it."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.cli.options import AsJson, LanguageOption
from gateway.dialects import Dialect
from gateway.dialects.sensors.models import GENERIC, PRIVATE, shipped
from gateway.dialects.table import TABLE
from gateway.words.catalogue import Translations, language_of, translations

_COLUMNS = ("name", "equipment", "topics", "qos", "raise_qos", "setup", "understood")


def dialects(
    as_json: AsJson = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="README の表 / the README's table")
    ] = False,
    lang: LanguageOption = "ja",
) -> None:
    """対応する機器と機種の一覧 / list the equipment and sensor models understood."""
    if (language := language_of(lang)) is None:
        raise typer.BadParameter(f"{lang!r}: ja or en", param_hint="--lang")
    if as_json:
        typer.echo(json.dumps([_plain(row) for row in TABLE], ensure_ascii=False, indent=1))
        return
    if as_markdown:
        typer.echo(markdown())
        return
    words = translations(language)
    table = Table(show_lines=True)
    for column in _COLUMNS:
        table.add_column(words(f"dialects.{column}"), overflow="fold")
    for row in TABLE:
        table.add_row(*map(escape, _shown(row, words)))
    console = Console()
    console.print(table)
    models = (row.title for name, row in shipped().items() if name not in PRIVATE | {GENERIC})
    console.print(escape(words("dialects.models") + ", ".join(models)), soft_wrap=True)


# Column of the README's table -> the words of `Dialect.understands` that it stands for.
_GROUPS = {
    "sprung, set": ("trap.sprung", "trap.set"),
    "detection": ("detection",),
    "species": ("species",),
    "confidence": ("confidence",),
    "media": ("media",),
    "heartbeat": ("heartbeat",),
    "battery": ("battery_v", "battery_pct"),
    "radio": ("rssi_dbm",),
    "position": ("lat", "lon"),
    "tamper": ("tamper",),
    "join": ("join",),
    "online, offline": ("online", "offline"),
}


def markdown() -> str:
    """The README's table of dialects and what each understands, then the sensor models."""
    english = translations("en")
    heads = ["Dialect", "`--dialect`", *_GROUPS, "QoS"]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for dialect in TABLE:
        marks = [
            "●" if set(words) <= set(dialect.understands) else "" for words in _GROUPS.values()
        ]
        lines.append(_row([dialect.title, f"`{dialect.name}`", *marks, _qos(dialect)]))
    models = sorted(row.title for name, row in shipped().items() if name not in PRIVATE | {GENERIC})
    setups = [f"- `{row.name}`: {english(f'setup.{row.name}')}." for row in TABLE]
    heading = "How to set each up, and frequent mistakes:"
    names = f"Sensor models: {', '.join(models)}."
    return "\n".join([*lines, "", heading, "", *setups, "", names])


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _qos(dialect: Dialect) -> str:
    return f"{dialect.qos}; {translations('en')(f'qos_hint.{dialect.name}')}"


def _shown(row: Dialect, words: Translations) -> tuple[str, ...]:
    return (
        row.name,
        row.title,
        "\n".join(row.topics),
        row.qos,
        words(f"qos_hint.{row.name}"),
        words(f"setup.{row.name}"),
        ", ".join(row.understands),
    )


def _plain(row: Dialect) -> dict[str, object]:
    names = ("name", "title", "topics", "qos", "understands")
    plain: dict[str, object] = {name: getattr(row, name) for name in names}
    for text in ("qos_hint", "setup"):
        plain[text] = translations("en")(f"{text}.{row.name}")
        plain[f"{text}_ja"] = translations("ja")(f"{text}.{row.name}")
    return plain


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(dialects)
