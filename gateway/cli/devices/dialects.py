"""``shishigaki dialects``: the equipment understood, its topics, its QoS and how to raise it."""

import json
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.cli.options import AsJson, LanguageOption
from gateway.dialects import Dialect
from gateway.dialects.sensors.models import GENERIC, PRIVATE, shipped
from gateway.dialects.table import TABLE

_HEADS = {
    "ja": (
        "方言",
        "機器",
        "購読するトピック",
        "既定の QoS",
        "QoS を上げる設定",
        "設定で間違えやすい所",
        "分かること",
    ),
    "en": (
        "Dialect",
        "Equipment",
        "Topics",
        "Default QoS",
        "To raise it",
        "How to set it up",
        "Understood",
    ),
}
_MODELS = {"ja": "センサー機種の表（設定の [models.名前] で追加できる）: ", "en": "Sensor models: "}


def dialects(
    as_json: AsJson = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="README の表 / the README's table")
    ] = False,
    lang: LanguageOption = "ja",
) -> None:
    """対応する機器と機種の一覧 / list the equipment and sensor models understood."""
    if lang not in _HEADS:
        raise typer.BadParameter(f"{lang!r}: ja or en", param_hint="--lang")
    if as_json:
        typer.echo(json.dumps([_plain(row) for row in TABLE], ensure_ascii=False, indent=1))
        return
    if as_markdown:
        typer.echo(markdown())
        return
    language: Literal["ja", "en"] = "ja" if lang == "ja" else "en"
    table = Table(show_lines=True)
    for head in _HEADS[language]:
        table.add_column(head, overflow="fold")
    for row in TABLE:
        table.add_row(*map(escape, _shown(row, language)))
    console = Console()
    console.print(table)
    models = (row.title for name, row in shipped().items() if name not in PRIVATE | {GENERIC})
    console.print(escape(_MODELS[language] + ", ".join(models)), soft_wrap=True)


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
    heads = ["Dialect", "`--dialect`", *_GROUPS, "QoS"]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for dialect in TABLE:
        marks = [
            "●" if set(words) <= set(dialect.understands) else "" for words in _GROUPS.values()
        ]
        lines.append(_row([dialect.title, f"`{dialect.name}`", *marks, _qos(dialect)]))
    models = sorted(row.title for name, row in shipped().items() if name not in PRIVATE | {GENERIC})
    setups = [f"- `{row.name}`: {row.setup.en}." for row in TABLE]
    heading = "How to set each up, and frequent mistakes:"
    told = f"Sensor models: {', '.join(models)}."
    return "\n".join([*lines, "", heading, "", *setups, "", told])


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _qos(dialect: Dialect) -> str:
    return f"{dialect.qos}; {dialect.qos_hint}"


def _shown(row: Dialect, language: Literal["ja", "en"]) -> tuple[str, ...]:
    hint = row.qos_hint_ja if language == "ja" else row.qos_hint
    return (
        row.name,
        row.title,
        "\n".join(row.topics),
        row.qos,
        hint,
        row.setup.ja if language == "ja" else row.setup.en,
        ", ".join(row.understands),
    )


def _plain(row: Dialect) -> dict[str, object]:
    names = ("name", "title", "topics", "qos", "qos_hint", "qos_hint_ja", "understands")
    setup = {"setup": row.setup.en, "setup_ja": row.setup.ja}
    return {name: getattr(row, name) for name in names} | setup


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(dialects)
