"""What judging costs without a broker: decode, judge and commit, in one process, by number of devices.

`python -m tests.bench.processor.judging [runs] [messages]`: the processor's time, the least of `runs`.
The slices are those of a backlog. To compare two versions, run this in both trees in turn.
"""

import gc
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from gateway.cli.service.run import NEW_OBJECTS
from gateway.config import SourceSettings
from gateway.domain.model import Message
from gateway.ingest.messages.batching.slices import Judged, next_size
from gateway.ingest.messages.decoding import Sources
from gateway.ingest.messages.intake import IntakeLimits
from gateway.ingest.messages.judging import Judging
from gateway.store import Store
from gateway.store.tables.backlog import ReceiptClock
from tests.bench.load import detections
from tests.bench.site import cameras
from tests.support.samples import TOKYO

DEVICES = (10, 100, 1_000, 5_000)


def took_s(devices: int, count: int) -> float:
    """The processor's time for `count` messages of so many devices in turn."""
    now = datetime.now(UTC)
    messages = [Message(topic, payload, now) for topic, payload in detections(count, devices)]
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "judging.db", TOKYO)
        store.write_now(lambda tx: tx.put_devices(cameras(devices)))
        began_s = time.process_time()
        _judge(store, messages)
        found_s = time.process_time() - began_s
        store.close()
    return found_s


def _judge(store: Store, messages: Sequence[Message]) -> None:
    """Judge slice by slice, as from a backlog."""
    judging = Judging(Sources([SourceSettings(dialect="native")], "goto").decode)
    least = IntakeLimits().max_batch
    start, size = 0, least
    while start < len(messages):
        part = list(messages[start : start + size])
        began_s = time.thread_time()
        judge = partial(judging.judge, messages=part, stamp=ReceiptClock.TRUSTED)
        outcome = store.write_now(judge)
        assert len(outcome.events) == len(part), outcome.refused
        spent_s = time.thread_time() - began_s
        seen = len({event.device for event in outcome.events})
        start, size = start + size, next_size(least, Judged(len(part), seen, spent_s))


def main(runs: int = 4, count: int = 100_000) -> None:
    """Print the table."""
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
    rounds = [{devices: took_s(devices, count) for devices in DEVICES} for _ in range(runs)]
    least = {devices: min(one[devices] for one in rounds) for devices in DEVICES}
    for devices, spent_s in least.items():
        print(
            f"{devices:5,} devices: {spent_s / count * 100_000:.2f} CPU s/100k, "
            f"{count / spent_s:,.0f} msg/s, {least[100] / spent_s:.2f} of the rate of 100"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
