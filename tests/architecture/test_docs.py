"""Undocumented means red: settings, topics, commands, channels, dependencies, files named."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from gateway.alerts.channels.table import CHANNELS
from gateway.cli import app
from gateway.dialects import native_protocol
from gateway.dialects.table import TABLE

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands(group: TyperGroup, path: str = "") -> list[str]:
    """Every command with its group."""
    found = []
    context = typer.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        full = f"{path} {name}".strip()
        found += commands(command, full) if isinstance(command, TyperGroup) else [full]
    return found


@pytest.mark.parametrize("command", commands(typer.main.get_group(app)))
def test_every_command_is_in_the_readme(command: str) -> None:
    first, _, second = command.partition(" ")
    rows = [row for row in README.splitlines() if f"`shishigaki {first}" in row]
    assert rows, f"`shishigaki {first}` is not in README.md"
    assert any(second in row for row in rows)


@pytest.mark.parametrize("channel", [row.name for row in CHANNELS])
def test_every_channel_is_in_the_readme(channel: str) -> None:
    assert f"| `{channel}` |" in README


@pytest.mark.parametrize("dialect", [row.name for row in TABLE if row.topics])
def test_every_dialect_is_in_the_readme(dialect: str) -> None:
    assert f"| `{dialect}`" in README


@pytest.mark.parametrize("leaf", [*native_protocol.CHANNELS, "confirm"])
def test_every_topic_is_in_the_readme(leaf: str) -> None:
    assert f"/{{site}}/{{device}}/{leaf}`" in README


def dependencies() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [re.split(r"[\[<>=]", text)[0] for text in project["dependencies"]]


@pytest.mark.parametrize("name", dependencies())
def test_every_dependency_has_its_reason_in_the_readme(name: str) -> None:
    rows = README[README.index("## Dependencies") :].splitlines()
    assert any(name in row.split("|")[1] for row in rows if row.startswith("| ")), name


def test_the_page_where_devices_wait_is_called_in_the_readme_as_on_the_screen() -> None:
    names = [
        json.loads((ROOT / f"dashboard/locale/{language}.json").read_text("utf-8"))["nav.pending"]
        for language in ("ja", "en")
    ]
    assert "the page {}\n({}) shows it".format(*names) in README


def links() -> list[str]:
    """Files and folders that the README points at."""
    linked = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    quoted = re.findall(r"`((?:gateway|dashboard|firmware_sim|tests|deploy)/[\w./-]*)`", README)
    return sorted(set(linked + quoted))


@pytest.mark.parametrize("path", links())
def test_every_file_named_in_the_readme_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("file", ["requirements.txt", "tests/requirements.txt"])
def test_requirements_are_hashed_and_name_no_host(file: str) -> None:
    text = (ROOT / file).read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text
    assert "index-url" not in text
