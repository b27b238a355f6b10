"""The first count of dropped messages that a gateway hears from a broker."""

from pathlib import Path

import pytest

from tests.gateway.mqtt.losses.test_gaps import Site


@pytest.mark.parametrize(("remembered", "told"), [(True, True), (False, False)])
def test_messages_dropped_before_the_first_count_are_reported_if_the_broker_had_our_session(
    tmp_path: Path, remembered: bool, told: bool
) -> None:
    """A gateway that was ended before it heard a count, or set up anew under its old name."""
    site = Site(tmp_path)
    site.connect(60, remembered=remembered)
    site.gaps.broker_says("uptime_s", 1_800.0)
    site.gaps.broker_says("dropped", 47)
    site.note(60)
    assert site.gaps.faults() == ({"drops": "47, 09:30-10:00"} if told else {})

    site.store.close()
