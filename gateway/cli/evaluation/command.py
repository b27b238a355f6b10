"""`shishigaki evaluate`: simulates seasons through this gateway and holds its record against the truth.

Owns the options and what is written where. Comparisons: `firmware_sim.evaluation`. The run: `run`.
"""

import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer
from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from firmware_sim.evaluation import evaluation, story, truth_file
from firmware_sim.evaluation.evaluation import Evaluation
from firmware_sim.evaluation.record import GatewayRecord
from firmware_sim.evaluation.story import Story
from firmware_sim.habitat.scenario import Scenario, ScenarioError, load, shipped_scenarios
from gateway.cli.evaluation import plots, run, stored
from gateway.cli.options import AsJson, takes
from gateway.domain.errors import BadInputError
from gateway.store import Store

ZONE = ZoneInfo("Asia/Tokyo")  # of every scenario
DEFAULT_START = "2026-04-01"
SCENARIOS = ", ".join(shipped_scenarios())


class EvaluationError(BadInputError):
    """What was asked cannot be evaluated; the text says why and what is allowed."""


class EvaluateOptions(Struct, frozen=True, kw_only=True):
    """The options of the command."""

    scenarios: Annotated[
        list[str],
        typer.Argument(
            help=f"SCENARIO か SCENARIO:日数 / or SCENARIO:DAYS ({SCENARIOS}, a TOML file)"
        ),
    ]
    out: Annotated[
        Path | None,
        typer.Option(
            help="真実、データベース、図、JSON を残すフォルダー / keeps truth, database, plots, JSON"
        ),
    ] = None
    seed: Annotated[
        int | None, typer.Option(help="別の世界にする数 / another world than the scenario's")
    ] = None
    again: Annotated[
        bool,
        typer.Option(help="--out にある結果を比べ直すだけ / only compare again what is in --out"),
    ] = False
    as_json: AsJson = False


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(evaluate)


@takes(EvaluateOptions)
def evaluate(options: EvaluateOptions) -> None:
    """模擬の季節を通し、記録を真実と比べます / what a simulated season's record says, beside the truth."""
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    if options.again and options.out is None:
        raise EvaluationError(
            "--again: --out で前の結果のフォルダーを / name the folder with --out"
        )
    found = [_one(_part(text, options.seed), options) for text in options.scenarios]
    if options.as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        typer.echo(evaluation.markdown(found))
    failures = [f"{one.scenario}: {text}" for one in found for text in one.failures]
    for text in failures:
        typer.echo(text, err=True)
    if failures:
        raise typer.Exit(1)


class Part(Struct, frozen=True):
    """One scenario and its time."""

    scenario: Scenario
    start: datetime
    end: datetime


def _part(text: str, seed: int | None) -> Part:
    """Read SCENARIO or SCENARIO:DAYS."""
    name, _, days = text.partition(":")
    if not days:
        days = "30"
    if not (days.isascii() and days.isdigit() and 1 <= int(days[:5]) <= 3_650):
        raise EvaluationError(f"{text}: 日数は 1 から 3650 / the days must be 1 to 3650")
    try:
        scenario = load(name)
    except ScenarioError as error:
        raise EvaluationError(str(error)) from None
    if seed is not None:
        scenario = msgspec.structs.replace(scenario, seed=seed)
    first = datetime.fromisoformat(scenario.start or DEFAULT_START).date()
    start = datetime.combine(first, time(), ZONE)
    return Part(scenario, start, start + timedelta(days=int(days)))


def _one(part: Part, options: EvaluateOptions) -> Evaluation:
    folder = options.out and options.out / part.scenario.name
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    kept = nullcontext(str(folder)) if folder else tempfile.TemporaryDirectory(prefix="evaluate-")
    with kept as name:
        place = Path(name)
        if not options.again:
            for old in place.glob(f"{run.DATABASE}*"):
                old.unlink()
            with _progress(part) as progress:
                run.feed(part.scenario, part.start, part.end, place, progress)
        found = compare(part, place)
        if folder is not None:
            _keep(folder, found)
        return found


def compare(part: Part, place: Path) -> Evaluation:
    """Hold what a run left in a folder against the truth beside it."""
    return evaluation.evaluate(part.scenario, *both(part, place))


def both(part: Part, place: Path) -> tuple[Story, GatewayRecord]:
    """The truth and the gateway's record of a run."""
    try:
        head, records = truth_file.read(place / run.TRUTH)
    except OSError as error:
        raise EvaluationError(
            f"{place / run.TRUTH}: {error.strerror}; 先に --again なしで / run without --again first"
        ) from None
    wanted = (part.scenario.name, part.scenario.seed, part.start.timestamp(), part.end.timestamp())
    if (head.scenario, head.seed, head.start, head.end) != wanted:
        days = round((head.end - head.start) / 86_400)
        raise EvaluationError(
            f"{place / run.TRUTH}: {head.scenario}:{days} --seed {head.seed} の記録です。同じ指定で / "
            f"is of {head.scenario}:{days} --seed {head.seed}; ask for the same"
        )
    truth = story.tell(head, records)
    looked = msgspec.json.decode((place / run.LOOKED).read_bytes(), type=run.Looked)
    with closing(Store(place / run.DATABASE, ZONE)) as store:
        record = store.read_now(
            lambda reader: stored.read(reader, looked, ZONE, part.start, part.end)
        )
    return truth, record


def _keep(folder: Path, found: Evaluation) -> None:
    (folder / "evaluation.json").write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    for name, picture in plots.pictures(found):
        (folder / name).write_text(picture, "utf-8")


@contextmanager
def _progress(part: Part) -> Iterator[Callable[[datetime], None]]:
    """A bar on standard error while a season is simulated."""
    columns = (BarColumn(), TextColumn("{task.fields[day]}"), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(TextColumn(part.scenario.name), *columns, console=console) as bar:
        task = bar.add_task("", total=(part.end - part.start).total_seconds(), day="")

        def show(at: datetime) -> None:
            done = (at - part.start).total_seconds()
            bar.update(task, completed=done, day=f"{at:%Y-%m-%d}")

        yield show
