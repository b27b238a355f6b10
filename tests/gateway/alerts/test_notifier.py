"""From outbox to provider: how often, and what when it fails."""

import asyncio
import itertools
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.alerts.channels import Notification, UndeliveredError
from gateway.alerts.channels.table import ChannelRow, OpenChannel
from gateway.alerts.links import Links
from gateway.alerts.notifier import FIRST_RETRY, LONGEST_RETRY, Notifier, backoff
from gateway.domain.model import ActionKind, Kind
from gateway.store.feed import Feed
from tests.gateway.alerts.post import status
from tests.gateway.alerts.site import PEOPLE, Site

LINKS = Links("secret", "https://wall.example")


def test_the_same_notification_is_tried_with_growing_pauses_until_accepted(make: Any) -> None:
    site, post, deliver = make()
    post.failures = [UndeliveredError("500")] * 3
    site.hear("trap-01", Kind.SPRUNG, 0)
    pauses = []
    minute = 0.0
    while not post.letters:
        if deliver(minute):
            pauses.append(minute)
        minute += 0.02
    assert len({notification.key for notification in post.attempts}) == 1
    gaps = [b - a for a, b in itertools.pairwise(pauses)]
    assert len(gaps) == 3
    for number, gap in enumerate(gaps):
        whole = 5 * 2**number / 60
        assert whole / 2 - 0.03 <= gap <= whole + 0.03


def test_retry_after_is_honoured(make: Any) -> None:
    site, post, deliver = make()
    post.failures = [UndeliveredError("429", retry_after_s=600)]
    site.hear("trap-01", Kind.SPRUNG, 0)
    assert deliver(0) == 1
    assert deliver(9.9) == 0
    assert deliver(10.1) == 1
    assert len(post.letters) == 1


def test_a_capture_is_tried_for_three_days_and_then_visibly_given_up(make: Any) -> None:
    site, post, deliver = make(people=PEOPLE[:1])
    site.hear("trap-01", Kind.SPRUNG, 0)
    site.act(
        ActionKind.FALSE_SPRING, 0.01
    )  # it goes on being tried although the trap was dealt with
    post.failures = [UndeliveredError("503")] * 10_000
    for minute in range(0, 75 * 60, 15):
        deliver(minute)
    assert status(site) == {"dead": 1}
    assert 72 * 60 / 31 < len(post.attempts) < 72 * 60 / 14
    assert ("gateway_fault", "delivery") in {
        (a.rule, a.subject) for a in site.tick(site.minutes).opened
    }


def test_a_permanent_refusal_is_not_repeated(make: Any) -> None:
    site, post, deliver = make(people=PEOPLE[:1])
    post.failures = [UndeliveredError("400", permanent=True)]
    site.hear("trap-01", Kind.SPRUNG, 0)
    deliver(0)
    assert deliver(60) == 0
    assert status(site) == {"dead": 1}


def test_a_bug_in_a_channel_stops_neither_the_others_nor_the_retry(make: Any) -> None:
    people = [{"name": "tanaka", "channels": ["console:", "console:"]}]
    site, post, deliver = make(people=people)
    post.failures = [ZeroDivisionError()]
    site.hear("trap-01", Kind.SPRUNG, 0)
    assert deliver(0) == 2
    assert len(post.letters) == 1
    assert deliver(1) == 1
    assert len(post.letters) == 2


def test_the_last_of_a_quota_is_reserved_for_captures_and_a_low_quota_is_reported(
    make: Any,
) -> None:
    people = [{"name": "tanaka", "channels": ["line:T@U" + "0" * 32]}]
    quotas = [{"channel": "line", "month": 10, "reserve": 4}]
    site, post, deliver = make(people=people, quotas=quotas)
    for hour in range(6):
        site.hear("trap-01", Kind.SPRUNG, hour * 60)
        site.hear("trap-01", Kind.SET, hour * 60 + 1)
        deliver(hour * 60 + 2)
    assert len(post.letters) == 6
    assert [a.subject for a in site.tick(500).opened if a.rule == "gateway_fault"] == []
    site.hear("trap-01", Kind.TAMPER, 501)
    deliver(510)
    assert len(post.letters) == 6, "six of ten are used and four kept"
    site.hear("trap-01", Kind.SPRUNG, 520)
    deliver(521)
    assert len(post.letters) == 7
    faults = {a.subject: a.note for a in site.tick(522).opened if a.rule == "gateway_fault"}
    assert faults["quota"] == "line 7/10"


def test_a_siren_gets_the_end_of_the_alert(make: Any) -> None:
    site, post, deliver = make(people=[{"name": "siren", "channels": ["mqtt:"]}])
    site.hear("trap-01", Kind.SPRUNG, 0)
    deliver(0)
    site.hear("trap-01", Kind.SET, 30)
    deliver(30)
    assert [(notification.over, notification.title) for _, notification in post.letters] == [
        (False, "わなが作動"),
        (True, "終了 わなが作動"),
    ]


def test_a_gathered_message_is_the_same_at_every_attempt(make: Any) -> None:
    site, post, deliver = make()
    post.failures = [UndeliveredError("500")]
    site.hear("trap-01", Kind.TAMPER, 0)
    site.hear("cam-01", Kind.TAMPER, 0.01)
    deliver(1)
    site.hear("trap-01", Kind.HEARTBEAT, 1.1, battery_pct=5.0)
    site.tick(1.2)
    deliver(5)
    deliver(5)
    first, *rest = post.attempts
    assert [len(notification.alerts) for notification in (first, *rest)] == [2, 2, 1]
    assert first.key == rest[0].key != rest[1].key


def test_a_hanging_provider_holds_up_nobody_else(tmp_path: Path) -> None:
    site = Site(tmp_path)
    hung, found = asyncio.Event(), asyncio.Event()

    async def hang(_: Notification) -> str:
        await hung.wait()
        return "late"

    async def take(_: Notification) -> str:
        found.set()
        return "ok"

    def way(send: Any) -> OpenChannel:
        return OpenChannel("x", ChannelRow("x", ("x",), "", lambda *_: send), send)

    async def run() -> None:
        ways = {("tanaka", "0"): way(hang), ("sato", "0"): way(take), ("office", "0"): way(take)}
        feed = Feed()
        notifier = Notifier(site.store, feed, site.policy, ways, LINKS, lambda: site.now)
        running = asyncio.create_task(notifier.run())
        for number in range(30):
            site.hear("trap-01", Kind.SPRUNG, number * 2)
            site.hear("trap-01", Kind.SET, number * 2 + 1)
        feed.tell(site.tick(500, {"disk": "full"}))
        async with asyncio.timeout(5):
            await found.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    started = time.monotonic()
    asyncio.run(run())
    assert time.monotonic() - started < 5
    site.store.close()


def test_claims_of_a_dead_run_are_taken_up_at_once(make: Any) -> None:
    site, post, deliver = make(people=PEOPLE[:1])
    site.hear("trap-01", Kind.SPRUNG, 0)
    site.store.write_now(lambda tx: tx.outbox.claim(("tanaka", "0"), site.now, 5))
    assert deliver(0.1) == 0
    site.store.write_now(lambda tx: tx.outbox.release())
    assert deliver(0.1) == 1
    assert len(post.letters) == 1


def test_pauses_grow_to_half_an_hour() -> None:
    assert backoff(0, 0.0) == FIRST_RETRY / 2
    assert backoff(50, 0.999) <= LONGEST_RETRY
    assert backoff(50, 0.0) == LONGEST_RETRY / 2
    assert backoff(3, 0.5) == timedelta(seconds=30)
