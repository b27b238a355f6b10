"""Copies, disorder and restarts change no outcome: neither what is open nor who is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.model import Kind, Message, Reading
from gateway.ingest.messages.batch import absorb
from tests.gateway.alerts.site import Site, at
from tests.support.samples import CAMERA, TRAP, decode, message, reading

STORY = st.lists(
    st.builds(
        lambda kind, minute: reading("trap-01", kind, minute, id_=f"{kind}{minute}", seq=minute),
        st.sampled_from([Kind.SPRUNG, Kind.SET, Kind.HEARTBEAT]),
        st.integers(0, 600),
    ),
    min_size=1,
    max_size=10,
    unique_by=lambda one: one.seq,
)


def receive(site: Site, messages: list[Message]) -> None:
    site.store.write_now(lambda tx: absorb(tx, messages, decode, at(700), site.policy))


def open_after(folder: Path, batches: list[list[Reading]], *, restart: bool) -> Any:
    site = Site(folder, devices=[TRAP, CAMERA])
    site.minutes = 700
    for batch in batches:
        receive(site, [message(one, received=700) for one in batch])
        if restart:
            site.store.close()
            site = Site(folder, devices=[TRAP, CAMERA])
            site.minutes = 700
    found = sorted(site.open())
    site.store.close()
    return found


@settings(max_examples=30, deadline=None)
@given(story=STORY, data=st.data())
def test_copies_and_disorder_leave_the_same_alerts_open(
    tmp_path_factory: pytest.TempPathFactory, story: list[Reading], data: st.DataObject
) -> None:
    ordered = sorted(story, key=lambda one: one.seq or 0)
    mixed = data.draw(st.permutations([*story, *story[:3]]))
    size = data.draw(st.integers(1, 4))
    batches = [list(mixed[at_ : at_ + size]) for at_ in range(0, len(mixed), size)]
    clean = open_after(tmp_path_factory.mktemp("a"), [[one] for one in ordered], restart=False)
    assert open_after(tmp_path_factory.mktemp("b"), batches, restart=False) == clean


def test_a_restart_between_any_two_messages_changes_nothing(tmp_path: Path) -> None:
    kinds = [Kind.SET, Kind.SPRUNG, Kind.SET, Kind.SPRUNG, Kind.SPRUNG]
    story = [[reading("trap-01", kind, n, seq=n)] for n, kind in enumerate(kinds)]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    found = open_after(tmp_path / "a", story, restart=True)
    assert found == open_after(tmp_path / "b", story, restart=False)
    assert found == [("trap_sprung", "trap-01")]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.store.close()


def test_the_same_messages_again_promise_nothing_more(site: Site) -> None:
    spring = [message(reading("trap-01", Kind.SPRUNG, 5), received=5)]
    receive(site, spring)
    site.tick(700)
    promised = site.waiting()
    assert ("tanaka", 0) in promised
    for _ in range(3):
        receive(site, spring)
        site.tick(700)
    assert site.waiting() == promised
