"""The answer: worked only beyond chance and beyond what happened far away; none only when it is excluded."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from dashboard.office.effect import groups, question, report
from dashboard.office.effect.comparison import compare
from dashboard.office.effect.question import Question
from dashboard.office.periods import Month
from dashboard.web.i18n import text
from gateway.domain.damage.record import DamageRecord
from gateway.words.catalogue import LANGUAGES, Language
from tests.dashboard.office.effect.valley import DAYS, FAR, NEAR, QUESTION, SENSORS, TRAPS, facts

STEADY = dict(zip((*NEAR, *FAR), [22, 18, 25, 30, 19, 21, 27, 16] * 2, strict=True))
NOISE = [1, -2, 2, -1, 3, -2, 0, 1]


def scaled(near: float, far: float) -> dict[str, int]:
    noise = dict(zip((*NEAR, *FAR), NOISE * 2, strict=True))
    return {
        id_: round(n * (near if id_ in NEAR else far)) + noise[id_] for id_, n in STEADY.items()
    }


def test_a_fall_near_the_traps_only_is_an_effect() -> None:
    found = compare(facts(STEADY, scaled(0.45, 1.0)))
    assert (found.verdict.answer, found.verdict.reason) == ("worked", "fell")
    assert found.against.high is not None
    assert found.against.high < 1
    assert (found.groups.near, found.groups.far) == (NEAR, FAR)


def test_the_same_fall_everywhere_is_none() -> None:
    found = compare(facts(STEADY, scaled(0.45, 0.45)))
    assert found.near.ratio.changed, "near alone it looks like an effect"
    assert found.verdict.answer != "worked"


def test_nothing_changed_with_many_events_is_none_and_a_rise_too() -> None:
    assert compare(facts(STEADY, scaled(1.0, 1.0))).verdict.reason == "no_fall"
    rose = compare(facts(STEADY, scaled(1.9, 1.0)))
    assert (rose.verdict.answer, rose.verdict.reason) == ("none", "rose")


def test_few_events_are_unclear_and_say_how_many_sensor_days_are_missing() -> None:
    few = dict(zip((*NEAR, *FAR), [2, 0, 1, 1, 3, 0, 1, 1] * 2, strict=True))
    after = dict(zip((*NEAR, *FAR), [1, 1, 0, 0, 1, 1, 0, 2] * 2, strict=True))
    found = compare(facts(few, after))
    assert found.verdict.answer == "unclear"
    assert found.days_wanted is not None
    assert found.days_wanted > 0
    assert found.sensor_days == pytest.approx(32 * DAYS)
    said = " ".join(report.wanted(found, QUESTION, text("ja")))
    assert f"あと{found.days_wanted:,.0f}センサー日" in said


def test_without_far_sensors_a_fall_is_unclear() -> None:
    given = facts(STEADY, scaled(0.3, 1.0))
    kept = {id_: one for id_, one in given.devices.items() if id_ not in FAR}
    without = [
        msgspec.structs.replace(one, days=dict.fromkeys(NEAR, DAYS))
        for one in (given.before, given.after)
    ]
    found = compare(
        msgspec.structs.replace(given, devices=kept, before=without[0], after=without[1])
    )
    assert (found.verdict.answer, found.verdict.reason) == ("unclear", "no_control")
    assert found.near.ratio.changed


def test_a_period_in_which_the_sensors_hardly_watched_is_unclear_and_says_so() -> None:
    given = facts(STEADY, scaled(0.3, 1.0))
    hours = dict.fromkeys((*NEAR, *FAR), 0.02)
    short = msgspec.structs.replace(given, before=msgspec.structs.replace(given.before, days=hours))
    found = compare(short)
    assert (found.verdict.answer, found.verdict.reason) == ("unclear", "few_days")
    for language in LANGUAGES:
        assert "10" in " ".join(report.wanted(found, QUESTION, text(language)))
        assert report.headline(found, text(language))


def test_without_traps_nothing_is_claimed() -> None:
    given = facts(STEADY, scaled(0.3, 1.0))
    idle = msgspec.structs.replace(given.after, nights={"trap-0": 0.2})
    found = compare(msgspec.structs.replace(given, after=idle))
    assert (found.verdict.answer, found.verdict.reason) == ("unclear", "no_traps")


def test_traps_that_fished_before_are_not_asked_about_when_new_ones_came() -> None:
    given = facts(STEADY, STEADY)
    before = msgspec.structs.replace(given.before, nights={"trap-0": 40.0})
    found = groups.groups(msgspec.structs.replace(given, before=before))
    assert (found.traps, found.are_new) == (("trap-1", "trap-2"), True)
    everyone = msgspec.structs.replace(given.before, nights={one.id: 40.0 for one in TRAPS})
    found = groups.groups(msgspec.structs.replace(given, before=everyone))
    assert (len(found.traps), found.are_new) == (3, False)


def test_sensors_between_near_and_far_or_without_a_place_are_in_no_group() -> None:
    given = facts(STEADY, STEADY)
    moved = dict(given.devices)
    moved["cam-00"] = msgspec.structs.replace(moved["cam-00"], lat=32.66, lon=128.70 - 0.015)
    moved["cam-01"] = msgspec.structs.replace(moved["cam-01"], lat=None, lon=None)
    found = groups.groups(msgspec.structs.replace(given, devices=moved))
    assert (found.between, found.unplaced) == (("cam-00",), ("cam-01",))
    assert set(found.near) | set(found.far) == {one.id for one in SENSORS} - {"cam-00", "cam-01"}


def test_a_sensor_that_cannot_tell_the_species_is_not_compared() -> None:
    given = msgspec.structs.replace(facts(STEADY, STEADY), blind=frozenset(NEAR[:2]))
    assert groups.groups(given).near == NEAR[2:]


def test_damage_is_counted_near_the_traps_and_elsewhere() -> None:
    at = datetime(2026, 9, 5, tzinfo=UTC)
    near, away = (
        DamageRecord(
            id=id_, day=date(2026, 9, 5), lat=lat, lon=128.702, crop="米", by="a", recorded_at=at
        )
        for id_, lat in (("1", 32.666), ("2", 32.75))
    )
    given = facts(STEADY, STEADY)
    given = msgspec.structs.replace(
        given,
        before=msgspec.structs.replace(given.before, damage=(near, near, away)),
        after=msgspec.structs.replace(given.after, damage=(away,)),
    )
    found = compare(given).damage
    assert msgspec.structs.astuple(found) == (2, 0, 1, 1)


def test_the_season_is_matched_unless_the_months_before_are_asked_for() -> None:
    asked = question.read({"month": "2026-09"}, Month(2026, 11), "boar")
    assert (str(asked.before.start), str(asked.after.start)) == ("2025-09-01", "2026-09-01")
    other = question.read({"month": "2026-09", "against": "before"}, Month(2026, 11), "boar")
    assert (str(other.before.start), str(other.before.last)) == ("2026-06-01", "2026-08-31")
    assert question.read(_query(other), Month(2026, 11), "deer") == other


@pytest.mark.parametrize(
    ("name", "value"), [("near_m", "77"), ("months", "2"), ("against", "x"), ("month", "9")]
)
def test_a_wrong_value_is_named_with_what_is_allowed(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} '{value}' must be"):
        question.read({name: value}, Month(2026, 11), "boar")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_its_sentence(language: Language) -> None:
    words = text(language)
    for after in (scaled(0.45, 1.0), scaled(1.0, 1.0), scaled(0.9, 1.0)):
        found = compare(facts(STEADY, after))
        sentence = report.headline(found, words)
        assert "{" not in sentence
        assert sentence.startswith(words(f"effect.answer.{found.verdict.answer}").strip())


def _query(asked: Question) -> dict[str, str]:
    return dict(part.split("=") for part in asked.query().split("&"))
