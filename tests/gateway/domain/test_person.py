"""A person's channels keep their numbers; roles come from the matrix; turns of a rota."""

from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from gateway.domain.model import Device, Role
from gateway.domain.people import rota
from gateway.domain.people.permissions import (
    MATRIX,
    Access,
    Acting,
    Detail,
    Resource,
    Visitor,
    access_of,
)
from gateway.domain.people.person import Person, UserRole, with_channels

URLS = st.lists(st.sampled_from(["console:", "line://a", "line://b", "mqtt:x"]), max_size=5)


@given(st.lists(URLS, min_size=2, max_size=6))
def test_an_id_of_a_channel_never_means_another_address(steps: list[list[str]]) -> None:
    person, meant = Person(name="x"), dict[str, str]()
    for urls in steps:
        person = with_channels(person, urls)
        assert [one.url for one in person.channels] == urls
        assert len({one.id for one in person.channels}) == len(urls)
        for one in person.channels:
            assert meant.setdefault(one.id, one.url) == one.url
        assert {person.scheme(id_) for id_ in meant} == {u.split(":")[0] for u in meant.values()}
    assert not any("//" in one.url for one in person.former)


def test_a_deputy_off_duty_is_a_viewer() -> None:
    deputy = Person(name="x", role=UserRole.DEPUTY, places=("oku",))
    assert access_of(deputy, on_duty=True).visitor is Visitor.DEPUTY
    assert access_of(deputy, on_duty=False).visitor is Visitor.VIEWER


def test_own_is_by_id_or_area() -> None:
    access = Access(Visitor.TRAPPER, "x", ("oku/*", "trap-07"))
    own = [Device(id="a", role=Role.TRAP, area="oku/3"), Device(id="trap-07", role=Role.TRAP)]
    other = Device(id="trap-08", role=Role.TRAP, area="mae")
    assert all(access.may_act_at(Resource.TRAP, one) for one in own)
    assert all(access.sees_exactly(Resource.LIVE, one) for one in own)
    assert not access.may_act_at(Resource.TRAP, other)
    assert not access.sees_exactly(Resource.LIVE, other)


def test_every_role_has_its_row_and_nobody_without_a_role_acts() -> None:
    assert set(MATRIX) == set(Visitor)
    assert {role.value for role in UserRole} == set(Visitor) - {Visitor.ANYBODY, Visitor.LOCAL}
    for visitor in (Visitor.ANYBODY, Visitor.LOCAL):
        acting = {one for one, grant in MATRIX[visitor].items() if grant.act is not Acting.NONE}
        assert acting == {Resource.OPEN, Resource.LINK}


def test_residents_and_viewers_see_nothing_finer_than_squares() -> None:
    for visitor in (Visitor.RESIDENT, Visitor.VIEWER):
        for resource, grant in MATRIX[visitor].items():
            if resource not in {Resource.OPEN, Resource.LINK}:
                assert grant.see is Detail.SQUARES
                assert grant.act is Acting.NONE or resource is Resource.ACCOUNT


class Rota(Struct, frozen=True):
    people: tuple[str, ...]
    since: date
    days: int


PEOPLE = [Person(name="a", groups=("g",)), Person(name="b", groups=("g",)), Person(name="c")]


def test_duty_turns_follow_each_other_and_an_empty_turn_relieves_nobody() -> None:
    weeks = [date(2026, 11, day) for day in (2, 9, 16, 23)]
    turns = [rota.resting([Rota(("g", "c"), weeks[0], 7)], PEOPLE, day) for day in weeks]
    assert turns == [{"c"}, {"a", "b"}, {"c"}, {"a", "b"}]
    assert all(one != two for one, two in pairwise(turns))
    gone = [rota.resting([Rota(("nobody", "c"), weeks[0], 7)], PEOPLE, day) for day in weeks[:2]]
    assert gone == [set(), set()]
