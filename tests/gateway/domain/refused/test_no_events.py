"""Counts of messages that gave no event: bounded labels, written once, given back when the disk refuses."""

import asyncio
from pathlib import Path

from gateway.alerts.policy import Policy
from gateway.alerts.scheduler import AlertScheduler
from gateway.domain.model import RefusalReason
from gateway.domain.outcome import Outcome
from gateway.domain.refused.no_events import MOST_LABELS, OTHERS, NoEventCounts
from gateway.metrics import Health
from gateway.store import DiskError
from gateway.store.feed import Feed
from tests.support.samples import at, open_store


def test_the_labels_of_metrics_are_bounded_and_their_sum_is_whole() -> None:
    counts = NoEventCounts()
    counts.add({(f"dev-{n}", "copy"): n for n in range(1, 500)} | {("", "too_many_names"): 7})
    shown = counts.shown()
    assert len({device for device, _ in shown}) == MOST_LABELS + 1
    assert shown["dev-499", "copy"] == 499
    assert shown[OTHERS, "too_many_names"] == 7
    assert shown.total() == sum(range(500)) + 7


def test_metrics_count_the_messages_of_every_batch_that_gave_no_event() -> None:
    health, outcome = Health(), Outcome()
    outcome.no_events["wana-01", RefusalReason.EVICTED.value] = 3
    health.committed(5, outcome, 0.01)
    text = health.metrics(None, {}).decode()
    assert 'shishigaki_no_event_total{device="wana-01",reason="evicted"} 3.0' in text


def test_a_tick_writes_the_counts_once_and_not_while_the_disk_refuses(tmp_path: Path) -> None:
    store, counts = open_store(tmp_path), NoEventCounts()
    ticker = AlertScheduler(store, Feed(), Policy(), dict, lambda: at(0), lambda: at(1), counts)

    async def run() -> None:
        write, refused = store.write, 0

        async def refuse(act: object) -> object:
            nonlocal refused
            refused += 1
            raise DiskError("full")

        counts.add({("wana-01", "copy"): 2})
        store.write = refuse  # type: ignore[method-assign, assignment]
        await ticker.once()
        assert refused == 1
        counts.add({("wana-01", "copy"): 3, ("", "irrelevant"): 1})
        store.write = write  # type: ignore[method-assign]
        await ticker.once()
        await ticker.once()

    asyncio.run(run())
    found = {
        (one.device, one.reason): one.messages
        for one in store.read_now(lambda r: r.held.no_events(10))
    }
    assert found == {("wana-01", "copy"): 5, ("", "irrelevant"): 1}
    store.close()
