"""`shishigaki setup`: the first hour, from a fresh installation to a gateway that tells people.

Owns the command and the order of its steps. Runs as root; may be run again at any time.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from gateway.cli.options import Config, load, takes
from gateway.config import ConfigError
from gateway.setup import repair, steps
from gateway.setup.answers import Answers, answers_of, read_answers
from gateway.setup.questions import ask
from gateway.setup.settings_file import Value
from gateway.setup.steps import OWN, run

CONFIG = Path("/etc/shishigaki/config.toml")


class SetupOptions(Struct, frozen=True):
    """The options of `setup`; secrets are asked for, or stand in the file of answers."""

    answers: Annotated[
        Path | None, typer.Option(help="答えのファイル (TOML) / file of answers")
    ] = None
    site: Annotated[str | None, typer.Option(help="拠点の短い名前 / short name of the site")] = None
    title: Annotated[str | None, typer.Option(help="画面に出す名前 / its title")] = None
    timezone: Annotated[str | None, typer.Option(help="時間帯 / time zone")] = None
    person: Annotated[str | None, typer.Option(help="最初の管理者 / the first administrator")] = (
        None
    )
    port: Annotated[int | None, typer.Option(help="画面のポート / port of the pages")] = None
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="持ち主・権限・ブローカー・起動を元どおりに / put right again"
        ),
    ] = False


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(takes(SetupOptions)(setup))


def setup(options: SetupOptions) -> None:
    """最初の一時間: 拠点、人、通信を決めて動かします / the first hour: site, people, network."""
    if os.geteuid() != 0:
        raise ConfigError("管理者で / must run as root: sudo shishigaki setup")
    file = Path(os.environ.get("SHISHIGAKI_CONFIG", CONFIG))
    if options.repair:
        repair.put_right(file)
        typer.echo("元どおりにしました / put right: sudo shishigaki doctor")
        return
    answers = _answers(options, load(file))
    _settle(file, answers)
    if options.port and not (options.answers or options.site):
        typer.echo(f"画面 / pages: {_address(answers)}")
        return
    lacking = [one for one in (steps.connect(answers), _person(answers)) if one]
    _finish(answers, lacking)


def _answers(options: SetupOptions, config: Config) -> Answers:
    """What is set now, then the file's or the terminal's answers, then the flags."""
    site = config.site
    now = Answers(
        site=site.name,
        title=site.title,
        timezone=site.timezone,
        language=site.language,
        port=config.dashboard.port,
    )
    flags = {
        key: value
        for key in ("site", "title", "timezone", "person", "port")
        if (value := getattr(options, key)) is not None
    }
    if options.answers:
        now = read_answers(options.answers, now)
    given = answers_of(now, flags, "options")
    if options.answers or flags or not sys.stdin.isatty():
        return given
    return ask(given, _prompt)


def _prompt(words: str, default: str, hidden: bool) -> str:
    answer: str = typer.prompt(
        words, default=default, hide_input=hidden, show_default=bool(default) and not hidden
    )
    return answer


def _settle(file: Path, answers: Answers) -> None:
    """Settings, the broker's rules for this site, and everything started."""
    changed = steps.write_settings(file, _changes(load(file), answers))
    steps.need([OWN, "broker", "setup"])
    steps.need(["systemctl", "restart" if changed else "start", "mosquitto", "shishigaki"])
    steps.wait_for_pages(answers.port)


def _changes(now: Config, answers: Answers) -> dict[str, dict[str, Value]]:
    """The settings that the answers change."""
    given: dict[str, dict[str, Value]] = {
        "site": {
            "name": answers.site,
            "title": answers.title,
            "timezone": answers.timezone,
            "language": answers.language,
        },
        "dashboard": {"port": answers.port},
    }
    return {
        section: {
            key: value
            for key, value in values.items()
            if getattr(getattr(now, section), key) != value
        }
        for section, values in given.items()
    }


def _person(answers: Answers) -> str:
    """Enter the person who is told; what went wrong, "" if nothing."""
    if not answers.channel:
        return ""
    title = ["--title", answers.person_title] if answers.person_title else []
    command = [answers.person, *title, "--duty", "trapper", "--channels"]
    wrong = run([OWN, "people", "add", *command, "--role", "admin"], f"{answers.channel}\n")
    return wrong and run([OWN, "people", "change", *command], f"{answers.channel}\n")


def _finish(answers: Answers, lacking: list[str]) -> None:
    """The first backup, the way in, the doctor, a test alert; the way in stands last."""
    way_in = _way_in(answers)
    run(["systemctl", "start", "shishigaki-backup"])
    typer.echo("\n調べます / the doctor:")
    if run([OWN, "doctor"], shown=True):
        lacking.append("上の ✗ を直してください / mend what the doctor named")
    if answers.channel:
        typer.echo("\n試験通知 / test alert:")
        if run([OWN, "alerts", "test", "--person", answers.person], shown=True):
            lacking.append("試験通知が届きません / the test alert was not taken")
    typer.echo(f"\n{way_in}")
    for one in lacking:
        typer.echo(f"✗ {one}", err=True)
    if lacking:
        raise typer.Exit(1)


def _way_in(answers: Answers) -> str:
    """The one-time code of the first administrator, and the address of the pages."""
    code = steps.said([OWN, "users", "first", answers.person])
    again = f"もう一度入るには / another code: sudo shishigaki users qr {answers.person}"
    return f"{code or again}\n画面 / pages: {_address(answers)}"


def _address(answers: Answers) -> str:
    return f"http://{os.uname().nodename}.local:{answers.port}/"
