"""One evaluation: every comparison of a gateway's record with the truth, and the rows of its table.

Owns which comparisons there are and when an evaluation fails. Must not read files.
"""

from collections.abc import Iterable

from msgspec import Struct

from firmware_sim.evaluation import effect, messages, papers, places, rates, springs, states
from firmware_sim.evaluation.effect import EffectCompared
from firmware_sim.evaluation.messages import MessageScore
from firmware_sim.evaluation.papers import PaperScore
from firmware_sim.evaluation.places import SitingScore, SpotScore
from firmware_sim.evaluation.rates import RateScore
from firmware_sim.evaluation.record import GatewayRecord
from firmware_sim.evaluation.springs import SpringScore
from firmware_sim.evaluation.states import StateScore
from firmware_sim.evaluation.story import Story
from firmware_sim.habitat.scenario import Scenario
from firmware_sim.habitat.species_habits import DAY_S


class Evaluation(Struct, frozen=True):
    """All scores of one scenario."""

    scenario: str
    seed: int
    days: float
    devices: int
    messages: MessageScore
    springs: SpringScore
    states: StateScore
    rates: RateScore
    papers: PaperScore
    spots: SpotScore
    siting: list[SitingScore]
    effect: list[EffectCompared]
    refused: dict[str, int]  # messages, by reason
    refused_acts: int

    @property
    def failures(self) -> list[str]:
        """The promises that do not hold; empty: all hold."""
        found = {
            "lost": self.messages.lost,
            "doubled": self.messages.doubled,
            "missed springs": self.springs.missed,
            "springs alerted twice": self.springs.doubled,
            "false spring alerts": self.springs.false_alarms,
            "wrong states": self.states.wrong,
            "captures missing in the papers": self.papers.missing,
            "refused records of trappers": self.refused_acts,
            "captures too many in the papers": self.papers.too_many,
        }
        return [f"{name}: {count}" for name, count in found.items() if count]


def evaluate(scenario: Scenario, story: Story, record: GatewayRecord) -> Evaluation:
    """Hold a record against the truth."""
    return Evaluation(
        scenario=story.head.scenario,
        seed=story.head.seed,
        days=round((story.head.end - story.head.start) / DAY_S, 2),
        devices=len(story.head.devices),
        messages=messages.score(story, record),
        springs=springs.score(story, record),
        states=states.score(story, record),
        rates=rates.score(story, record),
        papers=papers.score(story, record),
        spots=places.spots(story, record),
        siting=[places.siting(scenario, story, line) for line in record.siting],
        effect=effect.score(story, record),
        refused=record.refused,
        refused_acts=record.refused_acts,
    )


def rows(one: Evaluation) -> Iterable[tuple[str, str]]:
    """What the table shows: a name and a figure."""
    m, s, t, r, p = one.messages, one.springs, one.states, one.rates, one.papers
    never = ", ".join(f"{why} {count}" for why, count in sorted(m.never_heard.items())) or "0"
    yield "simulated", f"{one.days:g} days, {one.devices} devices, seed {one.seed}"
    yield "messages sent; never at the broker", f"{m.sent:,}; {never}; {m.waiting} still waiting"
    yield "at the broker: lost, stored twice", f"{m.heard:,}: {m.lost}, {m.doubled}"
    yield "copies at the broker", f"{m.copies:,}"
    yield "stored more than 2 min from the true time", f"{m.wrong_time:,}"
    yield "springs: heard, told once", f"{s.springs}: {s.heard}, {s.told - s.doubled}"
    yield "missed, told twice, false", f"{s.missed}, {s.doubled}, {s.false_alarms}"
    yield (
        "not heard: named, set again before anything was due",
        f"{s.not_heard}: {s.not_heard_named}, {s.not_heard_visited}",
    )
    yield (
        "spring to alert, radio and outages included: median, 99 %",
        f"{_seconds(s.whole_median_s)}, {_seconds(s.whole_p99_s)}",
    )
    yield (
        "shown states: right, unknown, not heard of, wrong",
        f"{t.right:,}, {t.unknown:,}, {t.behind:,}, {t.wrong}",
    )
    yield "silences told; false", f"{t.silences_told} of {t.silences}; {t.silent_false}"
    yield "rates: median error", "–" if r.error_median_pct is None else f"{r.error_median_pct} %"
    yield "detections against passages", "–" if r.bias_pct is None else f"{r.bias_pct:+} %"
    yield "intervals that hold the truth", f"{r.covered} of {r.with_interval}"
    yield "captures: written down, in the papers", f"{p.captures}: {p.written}, {p.in_papers}"
    yield "sensors marked hot (wrongly), cold (wrongly)", _spots(one.spots)
    for plan in one.siting:
        words = f"{plan.efficiency:.0%}; {_share(plan)}"
        yield f"animals at places proposed for {plan.species}; at the best sensors", words
    known = [change for change in one.effect if change.covered is not None]
    held = f"{sum(bool(change.covered) for change in known)} of {len(known)}"
    yield "changes whose interval holds the truth", held if known else "–"


def _share(plan: SitingScore) -> str:
    return f"{plan.sensors_animals / plan.best_animals:.0%}" if plan.best_animals else "–"


def _spots(spots: SpotScore) -> str:
    hot, cold = f"{spots.hot} ({spots.hot_false})", f"{spots.cold} ({spots.cold_false})"
    return f"{hot}, {cold} of {spots.sensors}"


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f} s" if value < 600 else f"{value / 3600:.1f} h"


def markdown(found: Iterable[Evaluation]) -> str:
    """The table of several evaluations side by side."""
    every = list(found)
    tables = [dict(rows(one)) for one in every]
    names = list(dict.fromkeys(name for table in tables for name in table))
    lines = [
        f"| | {' | '.join(f'`{one.scenario}`' for one in every)} |",
        "|---|" + "---|" * len(every),
        *(f"| {n} | {' | '.join(table.get(n, '–') for table in tables)} |" for n in names),
    ]
    return "\n".join(lines)
