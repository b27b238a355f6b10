"""Captures to people while the provider fails three calls in ten and the process keeps being killed.

A message may name several captures, when many are due at once.
"""

import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from msgspec import Struct

from gateway.store import Reader
from tests.faults.network.deliverer import KEYED, PLAIN
from tests.gateway.alerts.channels.provider import (
    BROKEN,
    HANG,
    OK,
    PAGE,
    PORTAL,
    Answer,
    Call,
    providing,
)
from tests.support.pace import slowness

FAILURES: tuple[Answer, ...] = (
    BROKEN,
    (429, {"Retry-After": "0.5"}, b"{}"),
    HANG,
    PORTAL,
    PAGE,
)
FAILING = 0.3
HOUR = timedelta(hours=1)
AGAIN: Answer = (409, {}, b'{"message":"The retry key is already accepted"}')


class Judge:
    """The provider's mind: fails by dice, knows LINE's retry keys, looks whether the event is durable."""

    def __init__(self, database: Path, seed: int) -> None:
        self.database, self.dice = database, random.Random(seed)
        self.taken: Counter[tuple[str, str]] = Counter()
        self.letters: Counter[tuple[str, frozenset[str]]] = Counter()
        self.calls, self.failed = 0, 0
        self.too_early: list[str] = []
        self._keys: set[str] = set()
        self._readers = threading.local()

    def __call__(self, call: Call) -> Answer:
        first = re.split(r"[/?]", call.path)[1]
        scheme = {"v2": "line", "message": "gotify"}.get(first, first)
        traps = frozenset(re.findall(r"t-\d{4}", unquote(call.body.decode())))
        assert traps, call
        self.calls += 1
        self.too_early += [trap for trap in traps if not self._is_durable(trap)]
        if self.dice.random() < FAILING:
            self.failed += 1
            return self.dice.choice(FAILURES)
        if key := call.headers.get("X-Line-Retry-Key"):
            if key in self._keys:
                return AGAIN
            self._keys.add(key)
        self.letters[scheme, traps] += 1
        self.taken.update((scheme, trap) for trap in traps)
        return OK

    def _is_durable(self, trap: str) -> bool:
        if not hasattr(self._readers, "reader"):
            self._readers.reader = Reader(self.database)
        reader: Reader = self._readers.reader
        now = datetime.now(UTC)
        return bool(reader.events_between(trap, now - HOUR, now + HOUR))


class DeliveryCounts(Struct):
    """What a run gave."""

    missing: int
    double_keyed: int
    double_plain: int
    too_early: int
    calls: int
    failed: int
    kills: int
    took_s: float


def run(
    folder: Path, captures: int, kills: int, seed: int, pause_s: tuple[float, float], *fault: str
) -> DeliveryCounts:
    """`captures` x 5 channels with so many kills; `fault`: what the deliverer does wrong."""
    database, dice, started = folder / "gw.db", random.Random(seed), time.monotonic()
    judge = Judge(database, seed)
    with providing(judge, hang_s=2.0) as provider:
        command = [
            sys.executable,
            "-m",
            "tests.faults.network.deliverer",
            str(database),
            str(provider.port),
            str(captures),
            *fault,
        ]
        done = 0
        while not delivered(command, dice.uniform(*pause_s) if done < kills else 600 * slowness()):
            done += 1
    return judged(judge, captures, done, time.monotonic() - started)


def delivered(command: list[str], limit_s: float) -> bool:
    """Whether the deliverer came to its end before it was killed."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    with child, child.stdout:
        assert child.stdout.readline() == "READY\n"
        try:
            assert child.wait(limit_s) == 0
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            return False
    return True


def judged(judge: Judge, captures: int, kills: int, took_s: float) -> DeliveryCounts:
    """What the providers got of the captures."""
    wanted = [(scheme, f"t-{n:04}") for scheme in (*KEYED, *PLAIN) for n in range(captures)]
    extra = {notification: count - 1 for notification, count in judge.letters.items() if count > 1}
    return DeliveryCounts(
        missing=sum(judge.taken[pair] == 0 for pair in wanted),
        double_keyed=sum(n for (scheme, _), n in extra.items() if scheme in KEYED),
        double_plain=sum(n for (scheme, _), n in extra.items() if scheme in PLAIN),
        too_early=len(judge.too_early),
        calls=judge.calls,
        failed=judge.failed,
        kills=kills,
        took_s=took_s,
    )


def hold(result: DeliveryCounts, captures: int, kills: int) -> None:
    """The promises of a run."""
    print(result)
    assert result.kills == kills, "it was over before all kills: nothing was proven"
    assert 0.2 < result.failed / result.calls < 0.4
    assert result.missing == 0
    assert result.double_keyed == 0
    assert result.too_early == 0
    # a kill can fall between a provider's yes and our note of it: one delivery a queue
    assert result.double_plain <= max(kills * len(PLAIN), captures * len(PLAIN) // 100)


def test_no_capture_is_missing_when_providers_fail_and_the_process_dies(tmp_path: Path) -> None:
    hold(run(tmp_path, captures=40, kills=2, seed=7, pause_s=(0.2, 0.8)), 40, 2)


@pytest.mark.long
def test_no_capture_of_a_shared_message_is_missing_either(tmp_path: Path) -> None:
    found = run(tmp_path, 100, 2, 7, (0.2, 0.8), "lists")
    print(found)
    assert (found.missing, found.double_keyed, found.too_early) == (0, 0, 0)
    assert found.calls < 5 * 100, "captures shared messages"
    assert found.double_plain <= 2 * len(PLAIN)


@pytest.mark.long
def test_a_thousand_captures_by_five_channels_through_fifty_kills(tmp_path: Path) -> None:
    result = run(tmp_path, captures=1_000, kills=50, seed=11, pause_s=(0.2, 1.6))
    hold(result, 1_000, 50)
    assert result.double_plain <= 1_000 * len(PLAIN) // 100


@pytest.mark.parametrize(("fault", "field"), [("early", "too_early"), ("noted", "missing")])
def test_control_sending_before_the_commit_or_noting_before_sending_is_found(
    tmp_path: Path, fault: str, field: str
) -> None:
    result = run(tmp_path, 6, 0, 7, (0, 0), fault)
    print(result)
    assert getattr(result, field) > 0
