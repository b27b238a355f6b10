"""`shishigaki people`: the same people as on the page, without secrets on the command line or the screen."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.domain.people.rules import PersonError

SECRET = "ntfys://ntfy.sh/tanaka-4711"


def people(folder: Path, *arguments: str, given: str = "") -> Result:
    """Run the command on a database of the test's own."""
    config = folder / "site.toml"
    config.write_text(f'[store]\npath = "{folder / "site.db"}"\n', encoding="utf-8")
    return CliRunner().invoke(app, ["people", *arguments, "-c", str(config)], input=given)


def shown(folder: Path, name: str) -> dict[str, Any]:
    return dict(msgspec.json.decode(people(folder, "show", name, "--json").stdout))


def test_somebody_is_added_changed_shown_and_removed(tmp_path: Path) -> None:
    added = people(
        tmp_path,
        "add",
        "tanaka",
        "--role",
        "trapper",
        "--duty",
        "trapper",
        "--place",
        "oku",
        "--quiet",
        "22-06",
        "--password",
        "--channels",
        given=f"ながいあいことば2026\n{SECRET}\nconsole:\n",
    )
    assert added.exit_code == 0, added.exception
    assert people(tmp_path, "change", "tanaka", "--title", "田中").exit_code == 0
    found = shown(tmp_path, "tanaka")
    assert found["person"] == {
        "name": "tanaka",
        "title": "田中",
        "language": "ja",
        "role": "trapper",
        "duties": ["trapper"],
        "groups": [],
        "places": ["oku"],
        "quiet": "22-06",
        "channels": ["ntfys:…", "console:…"],
        "login": True,
    }
    assert [(one["by"], one["what"]) for one in found["changes"]] == [
        ("command line", "changed"),
        ("command line", "added"),
    ]
    text = people(tmp_path, "show", "tanaka").stdout
    assert "no device fits: oku" in text
    assert (
        "4711"
        not in text + people(tmp_path, "list").stdout + people(tmp_path, "list", "--json").stdout
    )
    assert people(tmp_path, "remove", "tanaka").exit_code == 0
    assert shown(tmp_path, "tanaka")["person"] is None


@pytest.mark.parametrize(
    ("arguments", "given", "says"),
    [
        (("change", "nobody"), "", "no such person"),
        (("remove", "nobody"), "", "no such person"),
        (("add", "x", "--quiet", "at night"), "", "22-06"),
        (("add", "x", "--channels"), "console:\n", "needs a duty"),
        (
            ("add", "x", "--duty", "office", "--channels"),
            "nonsense://4711\n",
            "people: x, channel 1",
        ),
        (("add", "x", "--language", "fr"), "", "ja and en"),
    ],
)
def test_what_cannot_be_done_is_explained_in_one_line_without_a_secret(
    tmp_path: Path, arguments: tuple[str, ...], given: str, says: str
) -> None:
    done = people(tmp_path, *arguments, given=given)
    assert isinstance(done.exception, PersonError)
    assert says in str(done.exception)
    assert "4711" not in str(done.exception) + done.output
    assert "\n" not in str(done.exception)


def test_a_trapper_for_whom_nobody_said_what_is_theirs_is_pointed_out(tmp_path: Path) -> None:
    added = people(tmp_path, "add", "sato", "--role", "trapper")
    assert (added.exit_code, "担当を入れてください" in added.stderr) == (0, True)
    changed = people(tmp_path, "change", "sato", "--place", "*")
    assert (changed.exit_code, changed.stderr) == (0, "")
