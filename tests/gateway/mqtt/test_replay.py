"""The retain flag: what a broker replays, and what a broker or bridge passes on live with the flag set."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.mqtt.subscription.replay import MAX_TOPICS, REPLAY_S, Replays


class Clock:
    """Seconds, turned by hand."""

    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def connected() -> tuple[Replays, Clock]:
    clock = Clock()
    replays = Replays(clock)
    replays.expect()
    return replays, clock


def test_the_first_flagged_message_of_a_topic_is_a_replay() -> None:
    replays, _ = connected()
    assert replays.is_replay("a", b"ON")
    assert replays.is_replay("a", b"ON"), "another filter of ours matches it too"
    assert replays.is_replay("b", b"ON")


def test_another_content_on_a_topic_that_was_replayed_is_live() -> None:
    replays, _ = connected()
    replays.is_replay("a", b"OFF")
    assert not replays.is_replay("a", b"ON")


def test_what_comes_long_after_the_subscription_is_live_whatever_its_flag() -> None:
    replays, clock = connected()
    clock.now_s += REPLAY_S + 1
    assert not replays.is_replay("a", b"ON")


def test_a_stop_of_reading_holds_replays_back_and_they_stay_replays() -> None:
    replays, clock = connected()
    clock.now_s += 10 * REPLAY_S
    replays.expect()  # reading goes on
    assert replays.is_replay("a", b"ON")


@given(st.integers(1, 30))
def test_what_is_remembered_is_bounded(more: int) -> None:
    replays, _ = connected()
    for number in range(MAX_TOPICS):
        replays._heard[str(number)] = 0
    for number in range(more):
        assert replays.is_replay(f"new {number}", b"ON")
    assert len(replays._heard) == MAX_TOPICS
