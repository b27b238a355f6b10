"""Names of pictures: a person's goes before every classifier's, and an undo leaves all as it was."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.config import check
from gateway.domain.identity import Identity
from gateway.domain.model import Kind
from gateway.domain.outcome import Outcome
from gateway.domain.pictures.naming import NOTHING, Seen, agreement, bursts
from gateway.domain.pictures.picture import PictureSource
from gateway.ingest.messages.batch import absorb
from gateway.ingest.pictures import naming
from gateway.ingest.pictures.arrival import Arrival
from gateway.parts import policy
from tests.gateway.ingest.pictures.station import NOW, Station
from tests.support import pictures
from tests.support.samples import at, decode, message, reading

POLICY = policy(check({"site": {"name": "goto"}}))


class NamingRig:
    """A station whose pictures are named."""

    def __init__(self, station: Station) -> None:
        self.station, self.acts = station, 0

    def picture(self, shade: int = 1) -> Identity:
        taken = self.station.take(pictures.picture(width=200, height=160, shade=shade))
        assert taken is not None
        return taken.device, taken.event

    def name(self, event: Identity, species: str, by: str = "goto", act: str = "") -> Outcome:
        self.station.wait(seconds=1)
        now, act = self.station.now, act or f"{by}:{species}:{self.station.now.timestamp()}"
        return self.station.store.write_now(
            lambda tx: naming.name(tx, [event], species, by, act, now, POLICY)
        )

    def label(self, event: Identity, species: str, confidence: float, by: str = "net") -> Outcome:
        now = self.station.now
        return self.station.store.write_now(
            lambda tx: naming.label(tx, event, species, confidence, by, now, POLICY)
        )

    def undo(self, by: str = "goto") -> Outcome:
        store, now = self.station.store, self.station.now
        act = store.read_now(lambda reader: reader.names.newest_act(by))
        assert act is not None
        return store.write_now(lambda tx: naming.take_back(tx, act, by, now, POLICY))

    def said(self, event: Identity) -> tuple[Any, Any, Any]:
        """(species, confidence, count) of the event."""
        [one] = [one for one in self.station.events() if (one.device, one.id) == event]
        return one.species, one.confidence, one.count

    def counted(self) -> dict[str, int]:
        """Detections by species in the sums."""
        rows = self.station.store.read_now(
            lambda reader: list(
                reader._execute("SELECT species, sum(records) FROM sighting_hour GROUP BY species")
            )
        )
        return {species: records for species, records in rows if records}


@pytest.fixture
def rig(station: Station) -> NamingRig:
    return NamingRig(station)


def test_a_person_goes_before_a_classifier_whichever_comes_last(rig: NamingRig) -> None:
    event = rig.picture()
    rig.label(event, "deer", 0.6)
    assert rig.said(event) == ("deer", 0.6, None)
    rig.name(event, "boar")
    rig.label(event, "badger", 1.0, "other-net")
    assert rig.said(event) == ("boar", None, None)
    assert rig.counted() == {"boar": 1}
    rig.name(event, "fox", "sato")
    assert rig.said(event)[0] == "fox"


def test_an_undo_gives_the_classifiers_word_back_also_one_that_came_since(rig: NamingRig) -> None:
    event = rig.picture()
    rig.label(event, "deer", 0.6)
    rig.name(event, "boar")
    rig.label(event, "badger", 0.9, "other-net")
    rig.undo()
    assert rig.said(event) == ("badger", 0.9, None)
    assert rig.counted() == {"badger": 1}
    rig.label(event, "fox", 0.7, "third-net")
    assert rig.said(event)[0] == "badger"


def test_an_undo_does_not_touch_what_somebody_else_named_since(rig: NamingRig) -> None:
    event = rig.picture()
    rig.name(event, "boar")
    rig.name(event, "fox", "sato")
    rig.undo("goto")
    assert rig.said(event)[0] == "fox"
    rig.undo("sato")
    assert rig.said(event) == ("unknown", None, None), "the earlier word was taken back too"


def test_nothing_counts_no_animal_and_comes_back_by_an_undo(rig: NamingRig) -> None:
    event = rig.picture()
    assert rig.counted() == {"unknown": 1}
    rig.name(event, NOTHING)
    assert rig.said(event) == ("unknown", None, 0)
    assert rig.counted() == {}
    rig.undo()
    assert rig.counted() == {"unknown": 1}
    rig.name(event, "boar")
    assert (rig.said(event), rig.counted()) == (("boar", None, None), {"boar": 1})


def test_the_same_key_press_sent_again_is_one_and_a_burst_is_one_act(rig: NamingRig) -> None:
    events = [rig.picture(shade) for shade in (1, 2, 3)]
    store, now = rig.station.store, rig.station.now

    def press() -> Outcome:
        return store.write_now(
            lambda tx: naming.name(tx, events, "boar", "goto", "goto:7", now, POLICY)
        )

    assert [len(press().refined), len(press().refined)] == [3, 0]
    assert rig.counted() == {"boar": 3}
    rig.undo()
    assert rig.counted() == {"unknown": 3}


def test_pictures_of_people_are_known_by_a_classifier_or_a_person_and_people_decide(
    rig: NamingRig,
) -> None:
    event = rig.picture()

    def hidden() -> bool:
        [one] = rig.station.store.read_now(lambda reader: reader.pictures.of_event(*event))
        return one.has_people

    rig.label(event, "person", 0.4)
    assert not hidden()
    rig.label(event, "person", 0.8, "other-net")
    assert hidden()
    rig.name(event, "boar")
    assert not hidden()
    rig.undo()
    assert hidden()
    rig.name(event, "person")
    assert hidden()


def test_a_surer_word_of_a_classifier_counts_and_the_same_word_is_a_repetition(
    rig: NamingRig,
) -> None:
    event = rig.picture()
    rig.label(event, "person", 0.3)
    assert rig.label(event, "person", 0.3).repeated
    assert not rig.label(event, "person", 0.95).repeated
    [one] = rig.station.store.read_now(lambda reader: reader.pictures.of_event(*event))
    assert one.has_people


@pytest.mark.parametrize("word", ["person", "boar"])
def test_a_picture_that_joins_an_event_later_has_its_name(rig: NamingRig, word: str) -> None:
    event = rig.picture()
    rig.name(event, word)
    joins = Arrival(event[0], "ab" * 32, 9, PictureSource.TOPIC, event=event[1])
    rig.station.store.write_now(
        lambda tx: rig.station.parts.taker._write(tx, joins)
    )  # its rows alone
    both = rig.station.store.read_now(lambda reader: reader.pictures.of_event(*event))
    assert [(one.species, one.has_people) for one in both] == [(word, word == "person")] * 2


def test_a_message_cannot_pass_for_a_persons_word(rig: NamingRig) -> None:
    event = rig.picture()
    rig.name(event, "boar")
    forged = msgspec.structs.replace(
        reading(event[0], Kind.DETECTION, 0, id_="person:999999999999999:x", species="deer"),
        refines=event[1],
        confidence=1.0,
    )
    rig.station.store.write_now(
        lambda tx: absorb(tx, [message(forged)], decode, rig.station.now, POLICY)
    )
    assert rig.said(event)[0] == "boar"
    other = rig.picture(2)
    again = msgspec.structs.replace(forged, refines=other[1])
    rig.station.store.write_now(
        lambda tx: absorb(tx, [message(again)], decode, rig.station.now, POLICY)
    )
    assert rig.said(other)[0] == "deer", "control: it does correct where nobody has named"
    rig.name(other, "fox")
    assert rig.said(other)[0] == "fox"


def test_naming_is_no_sign_of_life(rig: NamingRig) -> None:
    event = rig.picture()
    heard = rig.station.store.read_now(lambda reader: reader.states()["kita-3"].last_seen)
    rig.station.wait(days=3)
    rig.name(event, "boar")
    assert rig.station.store.read_now(lambda r: r.states()["kita-3"].last_seen) == heard


def test_agreement_compares_the_last_word_of_people_with_the_surest_classifier(
    rig: NamingRig,
) -> None:
    one, two, three = (rig.picture(shade) for shade in (1, 2, 3))
    rig.label(one, "boar", 0.9)
    rig.label(one, "deer", 0.2, "other-net")
    rig.label(two, "deer", 0.9)
    rig.label(three, "deer", 0.9)
    rig.name(one, "fox")
    rig.name(one, "boar")
    rig.name(two, "boar")
    found = agreement(rig.station.store.read_now(lambda reader: list(reader.names.pairs(0))))
    assert (found.events, found.same, found.pairs) == (
        2,
        1,
        (("boar", "boar", 1), ("deer", "boar", 1)),
    )


def test_pictures_within_the_gap_are_one_burst_of_their_camera() -> None:
    seen = [Seen(f"{n}", "a", f"e{n}", at(n)) for n in (0, 1, 2, 10)]
    other = [Seen("x", "b", "x", at(1))]
    found = bursts([*reversed(seen), *other], 60)
    assert [[one.id for one in burst.seen] for burst in found] == [["10"], ["x"], ["0", "1", "2"]]


STEPS = st.lists(
    st.sampled_from(
        [
            ("name", "boar"),
            ("name", NOTHING),
            ("name", "fox"),
            ("undo", ""),
            ("label", "deer"),
            ("label", "badger"),
        ]
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NamingRig]:
    folder: Path = tmp_path_factory.mktemp("naming")
    station = Station(folder)
    yield NamingRig(station)
    station.store.close()


@given(STEPS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_named_and_undone_the_event_and_the_sums_say_the_same(
    shared: NamingRig, steps: list[tuple[str, str]]
) -> None:
    shared.acts += 1
    event = shared.picture(1_000 + shared.acts)
    names: list[str] = []
    labels: dict[str, float] = {}
    for what, species in steps:
        if what == "name":
            names.append(species)
            shared.name(event, species)
        elif what == "label":
            labels[species] = {"deer": 0.6, "badger": 0.8}[species]
            shared.label(event, species, labels[species])
        elif names:
            names.pop()
            shared.undo()
    best = max(labels, key=lambda one: labels[one], default="unknown")
    wanted = names[-1] if names else best
    species, _, count = shared.said(event)
    assert (species, count == 0) == (
        "unknown" if wanted == NOTHING else wanted,
        wanted == NOTHING,
    )
    told: dict[str, int] = {}
    for one in shared.station.events():
        if one.count != 0 and one.kind is Kind.DETECTION:
            told[one.species or ""] = told.get(one.species or "", 0) + 1
    assert shared.counted() == told
    assert shared.station.now >= NOW
