"""Frigate: what a camera recognised, bytes in, readings out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.model import Kind, MessageRefusedError, Reading, RefusalReason
from tests.gateway.dialects.asking import kinds_read, read, reason
from tests.gateway.dialects.fixtures import OBJECT


def _frigate(**more: Any) -> list[Reading]:
    return read("frigate", "frigate/events", {"type": "update", "after": {**OBJECT, **more}})


def test_new_update_and_end_of_an_object_are_one_detection() -> None:
    ids = {_frigate(sub_label=None, end_time=end, top_score=0.9)[0].id for end in (None, 1, 2)}
    assert ids == {"1795000000.5-q1w2e3"}


def test_a_sub_label_refines_the_species() -> None:
    first, second = _frigate()
    assert (first.species, first.id, first.refines) == ("unknown", OBJECT["id"], None)
    assert (second.species, second.refines) == ("boar", OBJECT["id"])
    assert second.confidence == 0.82
    assert second.media == "api/events/1795000000.5-q1w2e3/snapshot.jpg"
    assert second.device_time == datetime.fromtimestamp(1_795_000_000.5, UTC)


@pytest.mark.parametrize(
    ("label", "species"),
    [
        *(("boar", "boar"), ("wild boar", "boar"), ("Sus scrofa", "boar"), ("イノシシ", "boar")),
        *(("person", "person"), ("bear", "bear"), ("deer", "deer"), ("raccoon_dog", "raccoon_dog")),
    ],
)
def test_labels_map_through_the_species_table(label: str, species: str) -> None:
    (reading,) = _frigate(label=label, sub_label=None)
    assert reading.species == species


def test_a_persons_name_is_not_stored() -> None:
    (reading,) = _frigate(label="person", sub_label=["Taro Yamada", 0.9])
    assert (reading.species, reading.refines) == ("person", None)


@pytest.mark.parametrize("more", [{"label": "car"}, {"false_positive": True}])
def test_cars_and_false_positives_are_irrelevant(more: dict[str, Any]) -> None:
    body = {"after": {**OBJECT, "sub_label": None, **more}}
    assert reason("frigate", "frigate/events", body) is RefusalReason.IRRELEVANT


def test_a_review_of_one_object_is_that_objects_detection() -> None:
    after = {"id": "r", "camera": "c", "data": {"objects": ["deer"], "detections": ["1.5-a"]}}
    (reading,) = read("frigate", "frigate/reviews", {"after": after})
    assert (reading.id, reading.species) == ("1.5-a", "deer")


def test_a_review_of_several_objects_counts_each_species_once() -> None:
    data = {"objects": ["deer", "boar", "car"], "detections": ["1.5-a", "1.6-b", "1.7-c"]}
    after = {"id": "1795000000.5-r", "camera": "c", "data": data}
    readings = read("frigate", "frigate/reviews", {"after": after})
    assert [one.id for one in readings] == ["1795000000.5-r:boar", "1795000000.5-r:deer"]


def test_a_classification_refines_and_one_without_a_species_does_not() -> None:
    update = {"type": "classification", "id": "1.5-a", "camera": "c", "score": 0.7}
    topic = "frigate/tracked_object_update"
    (reading,) = read("frigate", topic, {**update, "sub_label": "ニホンジカ"})
    assert (reading.species, reading.refines, reading.id) == ("deer", "1.5-a", "1.5-a:deer")
    assert reason("frigate", topic, {**update, "sub_label": "none"}) is RefusalReason.IRRELEVANT


@pytest.mark.parametrize("payload", ["online", '"online"'])
def test_frigate_says_that_it_is_there(payload: str) -> None:
    assert kinds_read("frigate", "cams/frigate/available", payload) == [
        ("cams/frigate", Kind.ONLINE)
    ]


def test_a_verified_object_is_the_animal_and_a_pets_name_is_none() -> None:
    data = {"objects": ["boar-verified"], "sub_labels": ["Kuro"], "detections": ["1.5-a"]}
    after = {"id": "r", "camera": "c", "data": data}
    (reading,) = read("frigate", "frigate/reviews", {"after": after})
    assert (reading.id, reading.species) == ("1.5-a", "boar")


def test_a_sub_label_of_a_review_names_the_animal_better() -> None:
    data = {"objects": ["animal"], "sub_labels": [["wild boar", 0.8]], "detections": ["1.5-a"]}
    after = {"id": "r", "camera": "c", "data": data}
    (reading,) = read("frigate", "frigate/reviews", {"after": after})
    assert reading.species == "boar"


@pytest.mark.parametrize("data", [None, [], "boar", {"objects": None}, {"objects": "boar"}])
def test_a_review_without_its_objects_is_refused_by_name(data: Any) -> None:
    body = {"after": {"id": "r", "camera": "c", "data": data}}
    with pytest.raises(MessageRefusedError, match=r"data|objects"):
        read("frigate", "frigate/reviews", body)
