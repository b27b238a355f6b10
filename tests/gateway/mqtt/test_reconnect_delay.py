"""The delay before the session connects again: it grows, has a cap, and differs between gateways."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.mqtt.link import Retry
from gateway.mqtt.reconnect_delay import Backoff


@given(st.integers(0, 10_000), st.sampled_from(Retry), st.floats(0, 1))
def test_the_wait_grows_to_a_cap_and_is_spread(attempt: int, retry: Retry, chance: float) -> None:
    backoff = Backoff()
    wait = backoff.delay_s(attempt, retry, chance)
    assert 0.25 <= wait <= backoff.cap_s
    assert wait <= backoff.delay_s(attempt + 1, retry, 1.0)
    if retry is Retry.SLOWLY:
        assert wait >= backoff.slow_s / 2
