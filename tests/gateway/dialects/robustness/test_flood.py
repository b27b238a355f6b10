"""The same broken payloads through the whole intake: each is an event, a copy, or kept with its reason."""

import random
from collections import Counter
from pathlib import Path

import pytest

from gateway.config import SourceSettings
from gateway.dialects.table import TABLE
from gateway.domain.model import Message, RefusalReason
from gateway.ingest.messages.batch import absorb
from gateway.ingest.messages.decoding import Sources
from gateway.store import Store, Transaction
from gateway.store.reader import Reader
from tests.gateway.dialects.fixtures import FIXTURES, NOW
from tests.gateway.dialects.robustness.broken import REGISTERED, spoilt
from tests.support.samples import open_store
from tests.support.tables import stored_rows

A_TRANSACTION = 1_000


def flood(store: Store, sent: int, seed: int) -> Counter[str]:
    """What became of `sent` generated messages, one by one."""
    rng, became = random.Random(seed), Counter[str]()
    remembered: set[tuple[str, bytes]] = set()  # refused before: may be kept once
    decode = Sources([SourceSettings(dialect=row.name) for row in TABLE], "goto").decode
    seeds = [pair for rows in FIXTURES.values() for pair in rows]

    def some(tx: Transaction, number: int) -> None:
        for _ in range(number):
            topic, value = rng.choice(seeds)
            if rng.random() < 0.05:
                topic = rng.choice(seeds)[0]
            message = Message(topic, spoilt(rng, value), NOW, retain=rng.random() < 0.1)
            outcome = absorb(tx, [message], decode, NOW)
            assert outcome.refused[RefusalReason.BUG] == 0
            assert outcome.refused.total() <= 1
            read = outcome.events or outcome.refined or outcome.duplicates
            for reason in outcome.refused:
                same = (message.topic, message.payload)
                if reason is RefusalReason.IRRELEVANT:
                    became["irrelevant"] += 1
                else:
                    became["known" if same in remembered else "quarantined"] += 1
                    remembered.add(same)
            if not outcome.refused:
                became["accepted" if read else "lost"] += 1

    for _ in range(sent // A_TRANSACTION):
        store.write_now(lambda tx: some(tx, A_TRANSACTION))
    return became


def kept(reader: Reader) -> int:
    """How many messages were ever put into the quarantine."""
    [(newest,)] = stored_rows(reader, "SELECT coalesce(max(no), 0) FROM quarantine")
    return int(newest)


def check(folder: Path, sent: int, seed: int) -> None:
    store = open_store(folder, *REGISTERED.devices.values())
    became = flood(store, sent, seed)
    print(f"\n{sent} generated messages through decode and absorb: {dict(became)}")
    assert became.total() - became["lost"] == sent
    assert min(became["accepted"], became["quarantined"]) > sent // 20
    assert store.read_now(kept) >= became["quarantined"]
    store.close()


def test_three_thousand_broken_messages_are_events_copies_or_kept(tmp_path: Path) -> None:
    check(tmp_path, 3_000, seed=5)


@pytest.mark.long
def test_two_hundred_thousand_broken_messages_are_events_copies_or_kept(tmp_path: Path) -> None:
    check(tmp_path, 200_000, seed=55)
