"""What a surge costs without a broker, by number of devices: store, decode, judge and commit, in one process.

`python -m tests.bench.processor.judging [runs] [messages]`: the processor's time, the least of `runs`.
The slices are those of the backlog, where WAITING messages wait. To compare two versions, run this in both
trees in turn.
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
from gateway.domain.outcome import Outcome
from gateway.ingest.messages.batching.shares import Shares
from gateway.ingest.messages.batching.slices import Judged, next_size
from gateway.ingest.messages.decoding import Sources
from gateway.ingest.messages.intake import IntakeLimits
from gateway.ingest.messages.judging import Judging
from gateway.store import Store, Transaction
from gateway.store.tables.backlog import Batch, ReceiptClock
from tests.bench.load import detections
from tests.bench.site import cameras
from tests.support.samples import TOKYO

DEVICES = (10, 100, 1_000, 5_000)
WAITING = 30_000


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
    """Judge slice by slice from a backlog that a surge fills again and again."""
    judging = Judging(Sources([SourceSettings(dialect="native")], "goto").decode)
    least = IntakeLimits().max_batch
    shares, share, size = Shares(), -1, least
    stored = judged = 0
    while judged < len(messages):
        if stored < len(messages) and stored - judged < WAITING:
            part = messages[stored : stored + least]
            store.write_now(partial(_put, shares=shares, messages=part))
            stored += len(part)
            continue
        began_s = time.thread_time()
        batch, outcome = store.write_now(partial(_take, judging=judging, size=size, share=share))
        assert len(outcome.events) == len(batch.messages), outcome.refused
        seen = len({event.device for event in outcome.events})
        last = Judged(len(batch.messages), seen, time.thread_time() - began_s)
        size, share, judged = next_size(least, last), batch.share, judged + last.messages


def _put(tx: Transaction, shares: Shares, messages: Sequence[Message]) -> None:
    for share, part in shares.split(messages, tx.devices, tx.backlog.share()).items():
        tx.backlog.put(part, ReceiptClock.TRUSTED, share)


def _take(tx: Transaction, judging: Judging, size: int, share: int) -> tuple[Batch, Outcome]:
    batch = tx.backlog.take(size, share)
    assert batch
    return batch, judging.judge(tx, batch.messages, batch.clock)


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
