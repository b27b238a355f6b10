"""The command line as a whole: what was refused is one line and exit 1; every word in both languages."""

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.core import TyperGroup
from typer.testing import CliRunner

from dashboard.web import assets
from gateway import app as service
from gateway import cli
from gateway.config import Config, Dashboard
from gateway.config import StoreSettings as StoreSettings
from gateway.config.messages import ConfigError
from gateway.version import program_version
from tests.support.asgi import Phone

ROOT = Path(__file__).parents[3]

JAPANESE, ENGLISH = re.compile(r"[ぁ-んァ-ヶ一-龠]"), re.compile(r"[A-Za-z]{2}")
NAMES_ONLY = {"--lang"}  # the values are the same in every language


def commands(group: TyperGroup, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every command and group below `group`, with its full name."""
    context = typer.Context(group)
    for name in group.list_commands(context):
        below = group.get_command(context, name)
        yield f"{path} {name}".strip(), below
        if isinstance(below, TyperGroup):
            yield from commands(below, f"{path} {name}".strip())


ALL = dict(commands(typer.main.get_group(cli.app)))


def refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str
) -> str:
    """What the program says when it refuses; checks the exit code."""
    monkeypatch.setattr(sys, "argv", ["shishigaki", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    return capsys.readouterr().err


@pytest.mark.parametrize("name", ALL)
def test_every_command_and_option_explains_itself_in_both_languages(name: str) -> None:
    command = ALL[name]
    texts = {name: command.help or ""} | {
        one.opts[0]: one.help or "" for one in command.params if one.name != "help"
    }
    for what, text in texts.items():
        assert ENGLISH.search(text), f"{name}: {what} has no English help: {text!r}"
        assert what in NAMES_ONLY or JAPANESE.search(text), f"{name}: {what}: no Japanese: {text!r}"


def test_a_database_that_is_a_folder_is_reported_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "s.toml").write_text(f"[store]\npath = '{tmp_path}'\n")
    shown = refused(capsys, monkeypatch, "run", "-c", str(tmp_path / "s.toml"))
    assert shown == f"shishigaki: {tmp_path}: cannot be read: Is a directory; set store.path\n"


def test_missing_map_files_are_reported_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "STATIC", tmp_path / "static")
    with pytest.raises(assets.MissingAssetsError, match="npm"):
        service.build(Config(store=StoreSettings(path=str(tmp_path / "a.db"))))
    assert not (tmp_path / "a.db").exists()


def test_what_a_task_refused_is_still_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise BaseExceptionGroup("tasks", [BaseExceptionGroup("more", [ConfigError("a.b = 3")])])

    monkeypatch.setattr(cli, "app", fails)
    assert refused(capsys, monkeypatch) == "shishigaki: a.b = 3\n"


def test_a_bug_is_not_taken_for_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise KeyError("ours")

    monkeypatch.setattr(cli, "app", fails)
    with pytest.raises(KeyError):
        cli.main()


@pytest.mark.parametrize("words", [["--version"], ["version"]])
def test_the_program_says_its_version(words: list[str]) -> None:
    shown = CliRunner().invoke(cli.app, words)
    assert shown.exit_code == 0
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert shown.stdout == f"shishigaki {project['version']}\n"


def test_healthz_names_the_version(tmp_path: Path) -> None:
    settings = StoreSettings(path=str(tmp_path / "a.db"))
    gateway = service.build(Config(store=settings, dashboard=Dashboard(host="0.0.0.0")))
    for faults, status in (({}, 200), ({"disk": "full"}, 503)):
        pages = service.pages(gateway, lambda f=faults: f)  # type: ignore[misc]
        found = Phone(pages).get("/healthz")
        assert found.status_code == status
        assert json.loads(found.text) == {
            "ok": not faults,
            "version": program_version(),
            "faults": faults,
        }
    gateway.store.close()
