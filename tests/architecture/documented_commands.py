"""The commands and options that documents name, read from the documents themselves."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import typer.main
from typer.core import TyperGroup

from gateway.cli import COMMANDS, app

ROOT = Path(__file__).parents[2]
PATTERNS = (
    *("*.md", "gateway/*.md", "dashboard/*.md", "deploy/**/*.md"),
    *("deploy/install.sh", "deploy/*.toml", "deploy/sightings/*.toml", "deploy/systemd/*.service"),
    *("dashboard/locale/*.json", "gateway/words/*.json"),
)
DOCUMENTS = sorted(path for pattern in PATTERNS for path in ROOT.glob(pattern))
SPAN = re.compile(r"`([^`\n]+)`")
CALL = re.compile(
    r"(?:^|[\s`(/])shishigaki +((?:[a-z]+\\?[|])*[a-z][a-z-]*(?:[^`\n#\"';。、]|\\\|)*)",
    re.MULTILINE,
)
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*|-c)\b")
UNIT = "shishigaki"  # so begins what stands behind the program's name in calls of systemctl


class Named(NamedTuple):
    """One place of a document: the commands, and the options that each of them must take."""

    where: str
    commands: tuple[str, ...]
    options: tuple[str, ...]
    any_of: bool = False  # the options belong to one of the commands, not to each


@cache
def leaves() -> dict[str, Any]:
    """Every command by its name, with the group before it."""
    root = typer.main.get_group(app)
    commands = {name: root.get_command(typer.Context(root), name) for name in COMMANDS}
    return dict(pair for name, one in commands.items() for pair in _below(name, one))


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """A command under its name, or those of a group, and of the groups in it."""
    members = _members(command) if isinstance(command, TyperGroup) else {}
    if not members or command.invoke_without_command:
        yield name, command
    for member, one in members.items():
        yield from _below(f"{name} {member}", one)


def _members(group: TyperGroup) -> dict[str, Any]:
    """The commands of a group, also of one that imports them on first use."""
    context = typer.Context(group)
    return {name: group.get_command(context, name) for name in group.list_commands(context)}


def options_of(command: str) -> dict[str, Any]:
    """The options of a command by every spelling."""
    parameters = leaves()[command].params
    return {spelling: one for one in parameters for spelling in (*one.opts, *one.secondary_opts)}


def commands_of(call: str) -> tuple[str, ...]:
    """The commands that a call names: `sessions list|revoke` are two. Raises KeyError for no command."""
    first, *rest = call.replace("\\|", "|").split()
    return tuple(_chosen(first, rest))


def _chosen(prefix: str, rest: list[str]) -> Iterator[str]:
    below = [name for name in leaves() if name.startswith(f"{prefix} ")]
    if prefix in leaves() and not (rest and f"{prefix} {rest[0]}" in leaves()):
        yield prefix
    elif not below:
        raise KeyError(prefix)
    elif not rest or not re.match(r"[a-z]", rest[0]):
        yield from below
    else:
        for word in rest[0].rstrip(",.:)").split("|"):
            yield from _chosen(f"{prefix} {word}", rest[1:])


def named_in(text: str, where: str) -> Iterator[Named]:
    """The calls in a text, and in a table's row the options beside its calls."""
    for line in text.splitlines():
        calls = [call for call in CALL.findall(line) if not call.startswith(UNIT)]
        for call in calls:
            group = " " not in call.strip() and call.strip() not in leaves()
            yield Named(where, commands_of(call), () if group else tuple(OPTION.findall(call)))
        if calls and line.startswith("| `shishigaki "):
            yield from _beside(line, calls, where)


def _beside(line: str, calls: list[str], where: str) -> Iterator[Named]:
    """What a row of the README's table says of its commands in other code spans."""
    row = tuple(name for call in calls for name in commands_of(call))
    for span in SPAN.findall(line):
        first = span.split()[0]
        if first in COMMANDS:
            yield Named(where, commands_of(span), tuple(OPTION.findall(span)))
        elif full := [name for name in row if name.endswith(f" {first}")]:
            yield Named(where, (full[0],), tuple(OPTION.findall(span)))
        elif first.startswith("--") and first != "--version":
            yield Named(where, row, tuple(OPTION.findall(span)), any_of=True)


def every() -> list[Named]:
    """What all documents name."""
    return [
        one
        for path in DOCUMENTS
        for one in named_in(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    ]


def wrong(one: Named) -> list[str]:
    """Options that the commands of a place do not take."""
    takers = {
        option: [c for c in one.commands if option in options_of(c)] for option in one.options
    }
    return [
        f"{one.where}: {' | '.join(one.commands)} has no {option}"
        for option, found in takers.items()
        if not found or (not one.any_of and len(found) < len(one.commands))
    ]


def pairs() -> list[tuple[str, str]]:
    """Every command with each option that a document names for it, and without any."""
    found = {(name, "") for name in leaves()}
    for one in every():
        found |= {(c, o) for c in one.commands for o in one.options if o in options_of(c)}
    return sorted(found)
