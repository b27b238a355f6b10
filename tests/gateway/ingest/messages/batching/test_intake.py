"""The intake gathers routine messages into one commit, and acknowledges only after it."""

import pytest
from msgspec.structs import replace

from gateway.domain.model import Kind, Message, TrapState
from gateway.ingest.messages.batching.gathering import MAX_MESSAGES
from gateway.ingest.messages.intake import RETRY_S
from gateway.mqtt import Delivery
from gateway.mqtt.own_topics import loopback
from gateway.store import Store
from gateway.store.setting_keys import SettingKey
from tests.gateway.ingest.messages.batching.rig import WAIT_S, Rig, beats
from tests.support.clocks.manual_loop import ManualLoop, until
from tests.support.samples import T0, at, message, reading


def test_heartbeats_are_one_commit_and_acknowledged_after_it(store: Store) -> None:
    rig = Rig(store)

    async def story(loop: ManualLoop) -> None:
        for beat in beats(5):
            rig.session.send(beat)
            await rig.settled()
        loop.advance(WAIT_S - 0.1)
        await rig.settled()
        assert (rig.events, rig.session.acked) == (0, [])
        loop.advance(0.2)
        await until(lambda: rig.session.acked == [1, 2, 3, 4, 5])
        assert (rig.events, rig.commits) == (5, 1)

    rig.run(story)


def test_without_the_wait_each_is_a_commit(store: Store) -> None:
    rig = Rig(store, 0.0)

    async def story(_: ManualLoop) -> None:
        for beat in beats(5):
            rig.session.send(beat)
            await until(lambda: not rig.session.counters.uncommitted)
        assert (rig.events, rig.commits) == (5, 5)

    rig.run(story)


def test_a_spring_takes_what_waits_along_and_waits_for_nothing(store: Store) -> None:
    rig = Rig(store)

    async def story(_: ManualLoop) -> None:
        rig.session.send(*beats(3))
        await rig.settled()
        assert rig.session.acked == []
        rig.session.send(message(reading("trap-01", Kind.SPRUNG, 9)))
        await until(lambda: rig.session.acked == [1, 2, 3, 4])
        assert (rig.events, rig.commits) == (4, 1)
        assert store.read_now(lambda r: r.states()["trap-01"].trap) is TrapState.SPRUNG

    rig.run(story)


def test_no_more_wait_than_a_broker_delivers_without_an_acknowledgement(store: Store) -> None:
    rig = Rig(store)

    async def story(_: ManualLoop) -> None:
        *first, last = beats(MAX_MESSAGES)
        for beat in first:
            rig.session.send(beat)
            await rig.settled()
        assert not rig.session.acked
        rig.session.send(last)
        await until(lambda: len(rig.session.acked) == MAX_MESSAGES)
        assert rig.commits == 1

    rig.run(story)


@pytest.mark.parametrize("paused", [True, False])
def test_a_session_that_may_receive_nothing_more_is_not_waited_for(
    store: Store, paused: bool
) -> None:
    """The control: a session that still reads gives the others their time."""
    rig = Rig(store)

    async def story(_: ManualLoop) -> None:
        rig.session.send(*beats(2))
        await rig.settled()
        rig.session.counters.paused = paused  # `mqtt.max_uncommitted` = 3: reading stops
        rig.session.send(*beats(1, start=2))
        await rig.settled()
        assert rig.session.acked == ([1, 2, 3] if paused else [])

    rig.run(story)


def test_what_waits_at_the_end_is_left_to_the_broker_and_what_it_would_not_repeat_is_committed(
    store: Store,
) -> None:
    rig = Rig(store)

    async def story(_: ManualLoop) -> None:
        rig.session.send(*beats(2))
        rig.session.inbox.put_nowait(unrepeated(7))
        await rig.settled()
        assert rig.events == 0

    rig.run(story)
    assert [e.observed_at for e in store.read_now(lambda r: r.latest_events(9))] == [at(7)]
    assert rig.session.acked == [0]


def unrepeated(minute: int) -> Delivery:
    """A heartbeat with QoS 0."""
    return Delivery(beats(1, start=minute)[0], 0, 1)


def test_a_disk_that_refuses_gets_what_waited_when_it_is_well_again(store: Store) -> None:
    rig = Rig(store)

    async def story(loop: ManualLoop) -> None:
        rig.session.send(*beats(3))
        await rig.settled()
        rig.refuses = True
        loop.advance(WAIT_S)
        await rig.settled()
        assert (rig.events, rig.session.acked) == (0, [])
        rig.refuses = False
        loop.advance(RETRY_S)
        await until(lambda: rig.session.acked == [1, 2, 3])
        assert rig.events == 3

    rig.run(story)


def test_what_came_while_the_disk_refused_is_committed_at_the_end_if_the_broker_would_not_repeat_it(
    store: Store,
) -> None:
    rig = Rig(store)

    async def story(loop: ManualLoop) -> None:
        rig.session.send(*beats(1))
        await rig.settled()
        rig.refuses = True
        loop.advance(WAIT_S)
        await rig.settled()
        rig.session.inbox.put_nowait(unrepeated(7))
        await until(rig.session.inbox.empty)
        rig.refuses = False

    rig.run(story)
    assert [e.observed_at for e in store.read_now(lambda r: r.latest_events(9))] == [at(7)]
    assert rig.session.acked == [0]


def test_what_was_committed_when_the_disk_was_well_again_is_not_taken_again_at_the_end(
    store: Store,
) -> None:
    rig = Rig(store)

    async def story(loop: ManualLoop) -> None:
        rig.session.inbox.put_nowait(unrepeated(7))
        await rig.settled()
        rig.refuses = True
        loop.advance(WAIT_S)
        await rig.settled()
        rig.refuses = False
        loop.advance(RETRY_S)
        await until(lambda: rig.session.acked == [0])

    rig.run(story)
    assert (rig.events, rig.session.acked) == (1, [0])


def question(id_: str) -> Message:
    return Message(loopback.topic("goto"), loopback.question(id_), T0)


@pytest.mark.parametrize("is_full", [False, True])
def test_a_question_through_the_broker_is_answered_after_a_row_was_written(
    store: Store, is_full: bool
) -> None:
    """The control: where no row can be written there is no answer."""
    rig = Rig(store)

    async def story(_: ManualLoop) -> None:
        rig.refuses = is_full
        rig.session.send(question("a1"), replace(question("a2"), topic=loopback.topic("fukue")))
        await rig.settled()

    rig.run(story)
    noted = store.read_now(lambda r: r.setting(SettingKey.LOOPBACK))
    assert (noted, rig.session.acked) == ((None, []) if is_full else ("a2", [1, 2]))
