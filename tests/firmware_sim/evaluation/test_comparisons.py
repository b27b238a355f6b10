"""Each comparison finds what it is for, in a made-up story of one trap and one detector."""

import msgspec
import pytest

from firmware_sim.evaluation import effect, messages, papers, rates, springs, states
from firmware_sim.evaluation import story as stories
from firmware_sim.evaluation.evaluation import markdown
from firmware_sim.evaluation.record import (
    EffectLine,
    GatewayRecord,
    Interval,
    RateLine,
    Shown,
    StoredAlert,
    StoredCapture,
    StoredEvent,
)
from firmware_sim.evaluation.story import Story
from firmware_sim.evaluation.truth_file import Head, TrueDevice
from firmware_sim.habitat.records import (
    Armed,
    Expected,
    Heard,
    Lost,
    Passage,
    Reach,
    Record,
    Sent,
    Spring,
    Told,
)
from firmware_sim.habitat.species_habits import DAY_S, day_starts

DAY = 20_500
T0 = day_starts(DAY)
HOUR = 3_600.0
HEAD = Head(
    "tiny",
    1,
    T0,
    T0 + 2 * DAY_S,
    21_600,
    [
        TrueDevice("trap", "trap", "a", "native", 32.7, 128.7),
        TrueDevice("cam", "detector", "a", "native", 32.7, 128.7),
    ],
)
TRUTH: list[Record] = [
    Armed(T0, "trap"),
    Sent(T0, "trap", "set", "trap.set", "armed"),
    Heard(T0, "trap", "set"),
    Spring(T0 + 10 * HOUR, "trap", "boar", 1),
    Sent(T0 + 10 * HOUR, "trap", "sprung", "trap.sprung", "sprung"),
    Heard(T0 + 11 * HOUR, "trap", "sprung", 2),
    Told(T0 + 20 * HOUR, "trap", "captured", T0 + 20 * HOUR, "boar", 1),
    Armed(T0 + 20.1 * HOUR, "trap"),
    Spring(T0 + 30 * HOUR, "trap", "deer", 1),
    Sent(T0 + 30 * HOUR, "trap", "again", "trap.sprung", "sprung"),
    Lost(T0 + 30 * HOUR, "trap", "again", "air"),
    Told(T0 + 40 * HOUR, "trap", "captured", None, "deer", 1),
    Armed(T0 + 40.1 * HOUR, "trap"),
    *(Expected(day_starts(DAY + n), "boar", [0.0, 2.0 - n]) for n in (0, 1)),
    Reach(T0, "cam", True),
    *(Passage(T0 + hour * HOUR, "cam", "boar", 1) for hour in (1, 1.2, 5, 9)),
    *(Heard(T0 + hour * HOUR, "cam", f"h{hour}") for hour in (0, 12, 24, 36, 47)),
]
ALERT = StoredAlert("trap_sprung", "trap", "sprung", T0 + 11 * HOUR, T0 + 20 * HOUR)
EVENTS = [
    StoredEvent("trap", "set", "trap.set", T0, T0),
    StoredEvent("trap", "sprung", "trap.sprung", T0 + 10 * HOUR, T0 + 11 * HOUR),
    *(StoredEvent("cam", f"h{hour}", "heartbeat", T0, T0) for hour in (0, 12, 24, 36, 47)),
]


@pytest.fixture(scope="module")
def story() -> Story:
    return stories.tell(HEAD, TRUTH)


def test_messages_are_counted_by_their_fate(story: Story) -> None:
    found = messages.score(story, GatewayRecord(events=EVENTS))
    assert (found.sent, found.never_heard, found.heard, found.copies) == (3, {"air": 1}, 7, 1)
    assert (found.lost, found.doubled, found.wrong_time) == (0, 0, 0)


def test_lost_doubled_and_misdated_messages_are_found(story: Story) -> None:
    late = msgspec.structs.replace(EVENTS[1], observed_at=T0 + 11 * HOUR)
    found = messages.score(story, GatewayRecord(events=[late, late, *EVENTS[3:]]))
    assert found.lost_names == ["trap set", "cam h0"]
    assert (found.doubled, found.wrong_time) == (1, 1)


def test_a_spring_is_told_once_and_one_that_nobody_heard_is_counted_apart(story: Story) -> None:
    found = springs.score(story, GatewayRecord(alerts=[ALERT]))
    assert (found.springs, found.heard, found.told, found.missed) == (2, 1, 1, 0)
    assert (found.not_heard, found.not_heard_named, found.not_heard_visited) == (1, 0, 1)
    assert (found.delay_median_s, found.whole_median_s) == (0.0, HOUR)


def test_a_spring_that_is_heard_of_after_the_trap_was_set_again_needs_no_alert() -> None:
    late = Heard(T0 + 45 * HOUR, "trap", "again")
    records = [one for one in TRUTH if not isinstance(one, Lost)]
    found = springs.score(stories.tell(HEAD, [*records, late]), GatewayRecord(alerts=[ALERT]))
    assert (found.heard, found.missed, found.not_heard) == (1, 0, 1)


def test_missed_double_and_false_alerts_are_found(story: Story) -> None:
    assert springs.score(story, GatewayRecord()).missed == 1
    twice = springs.score(story, GatewayRecord(alerts=[ALERT, ALERT]))
    assert twice.doubled == 1
    false = msgspec.structs.replace(ALERT, event="set", opened_at=T0)
    found = springs.score(story, GatewayRecord(alerts=[ALERT, false]))
    assert (found.false_alarms, found.missed) == (1, 0)


def test_a_spring_that_was_not_heard_is_named_where_the_trap_was_shown_as_unknown(
    story: Story,
) -> None:
    shown = [Shown(T0 + 33 * HOUR, "trap", "armed", True)]
    assert springs.score(story, GatewayRecord(shown=shown)).not_heard_named == 1
    assert springs.score(story, GatewayRecord(shown=[])).not_heard_named == 0


@pytest.mark.parametrize(
    ("hour", "state", "unknown", "kind"),
    [
        (5, "armed", False, "right"),
        (15, "sprung", False, "right"),
        (15, "armed", False, "wrong"),
        (10.9, "armed", False, "behind"),
        (35, "armed", False, "behind"),
        (35, "armed", True, "unknown"),
        (15, "captured", False, "right"),
    ],
)
def test_what_pages_showed_is_right_wrong_or_not_heard_of(
    story: Story, hour: float, state: str, unknown: bool, kind: str
) -> None:
    shown = [Shown(T0 + hour * HOUR, "trap", state, unknown)]
    found = states.score(story, GatewayRecord(shown=shown))
    assert getattr(found, kind) == found.shown == 1


def test_a_silence_is_told_by_an_alert_within_it(story: Story) -> None:
    silent = StoredAlert("silent", "trap", None, T0 + 36 * HOUR, None)
    found = states.score(story, GatewayRecord(alerts=[silent]))
    assert (found.silences, found.silences_told, found.silent_false) == (1, 1, 0)
    cam = StoredAlert("silent", "cam", None, T0 + 13 * HOUR, None)
    assert states.score(story, GatewayRecord(alerts=[cam])).silent_false == 1


def test_the_true_rate_counts_independent_visits_of_the_sensors_with_effort(story: Story) -> None:
    rate = Interval(110.0, 60.0, 160.0)
    line = RateLine(DAY, DAY + 2, "boar", rate, {"cam": (3, 2.0)})
    found = rates.score(story, GatewayRecord(rates=[line]))
    (shown,) = found.examples
    assert shown.truth == pytest.approx(100 * 1.5 * 3 / 4)  # one of four visits was not independent
    assert (found.covered, found.with_interval, found.bias_pct) == (1, 1, 0.0)


def test_an_interval_beside_the_truth_does_not_cover(story: Story) -> None:
    line = RateLine(DAY, DAY + 2, "boar", Interval(10.0, 5.0, 15.0), {"cam": (1, 2.0)})
    found = rates.score(story, GatewayRecord(rates=[line]))
    assert (found.covered, found.with_interval) == (0, 1)


def test_the_papers_have_what_was_written_down(story: Story) -> None:
    capture = StoredCapture("trap", T0 + 20 * HOUR, "boar", 1)
    found = papers.score(story, GatewayRecord(captures=[capture]))
    assert (found.captures, found.written, found.missing, found.too_many) == (2, 1, 0, 0)
    wrong = msgspec.structs.replace(capture, species="deer")
    other = papers.score(story, GatewayRecord(captures=[wrong]))
    assert (other.missing, other.too_many) == (1, 1)


def test_a_change_is_held_against_the_true_change(story: Story) -> None:
    line = EffectLine(
        "boar",
        (DAY, DAY + 1),
        (DAY + 1, DAY + 2),
        ["cam"],
        [],
        Interval(0.6, 0.4, 0.9),
        Interval(None, None, None),
    )
    near, far = effect.score(story, GatewayRecord(effect=[line]))
    assert near.truth == pytest.approx(0.5)
    assert near.covered
    assert (far.truth, far.covered) == (None, None)


def test_a_table_of_nothing_is_a_head() -> None:
    assert markdown([]).startswith("| |")
