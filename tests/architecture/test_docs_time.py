"""What TIME.md says of limits is what the code does."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain import timing
from gateway.domain.clocks import contradiction, device_clock
from gateway.domain.model import TimeQuality
from gateway.ingest.messages.dating import replays
from gateway.mqtt.subscription import replay
from gateway.store.clocks import clock_errors

TEXT = (Path(__file__).parents[2] / "gateway/TIME.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("quality", TimeQuality)
def test_every_quality_of_a_time_is_explained(quality: TimeQuality) -> None:
    assert f"`{quality}`" in TEXT


@pytest.mark.parametrize(
    ("shown", "value"),
    [
        ("less than 30 s before its receipt", device_clock.LIVE_MS == 30_000),
        ("0.1 % of the time that passes", device_clock.DRIFT == 0.001),
        ("60 s later or more, says the same", device_clock.CONFIRM_AFTER_S == 60),
        ("over 400 days off", device_clock.LARGEST_ERROR_MS == 400 * 86_400_000),
        (
            "over 400 days old, over 5 minutes ahead",
            (timedelta(days=400), timedelta(minutes=5)) == (timing.OLDEST, timing.MOST_AHEAD),
        ),
        ("if it comes 60 s later or more", contradiction.MOST_DISORDER_MS == 60_000),
        ("comes 120 s after the subscription", replay.REPLAY_S == 120),
        ("newest 16 topics", replays.TOPICS_KEPT == 16),
        ("kept by name, 1,000 at most", clock_errors.MOST_CLOCKS == 1_000),
    ],
)
def test_every_limit_is_that_of_the_code(shown: str, value: bool) -> None:
    assert shown in TEXT.replace("\n", " ")
    assert value
