"""From outbox to provider: who, when, how often, and what when it fails."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import acts
from gateway.channels import Letter, Undelivered
from gateway.channels.table import Channel, Way, open_channel
from gateway.config import ConfigError, check
from gateway.feed import Feed
from gateway.links import Links
from gateway.model import AlertStatus, Deed, Kind
from gateway.notifier import FIRST_RETRY, LONGEST_RETRY, Notifier, backoff
from gateway.policy import Policy
from tests.alerts.site import PEOPLE, Site, at

LINKS = Links("secret", "https://wall.example")


class Post:
    """A channel that keeps what it took and fails as told."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, Letter]] = []
        self.attempts: list[Letter] = []
        self.failures: list[Exception] = []

    def ways(self, site: Site) -> dict[tuple[str, str], Way]:
        return {
            (person.name, str(place)): Way(
                url.split(":")[0], open_channel(url).row, self._sender(person.name)
            )
            for person in site.policy.people.values()
            for place, url in enumerate(person.channels)
        }

    def _sender(self, name: str) -> Callable[[Letter], Any]:
        async def send(letter: Letter) -> str:
            self.attempts.append(letter)
            if self.failures:
                raise self.failures.pop(0)
            self.letters.append((name, letter))
            return "ok"

        return send

    def titles(self, name: str) -> list[str]:
        return [letter.title for person, letter in self.letters if person == name]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., tuple[Site, Post, Callable[[float], int]]]]:
    made: list[Site] = []

    def build(**settings: Any) -> tuple[Site, Post, Callable[[float], int]]:
        site, post = Site(tmp_path, settings), Post()
        made.append(site)
        notifier = Notifier(
            site.store, Feed(), site.policy, post.ways(site), LINKS, lambda: site.now
        )

        def deliver(minutes: float) -> int:
            site.minutes = max(site.minutes, minutes)
            return asyncio.run(notifier.deliver_due())

        return site, post, deliver

    yield build
    for site in made:
        site.store.close()


def status(site: Site) -> dict[str, int]:
    return dict(site.store.read_now(lambda r: r.outbox()))


def test_a_capture_goes_at_once_to_the_trapper_with_a_link(make: Any) -> None:
    site, post, deliver = make()
    site.hear("trap-01", Kind.SPRUNG, 5)
    deliver(5)
    [(name, letter)] = post.letters
    assert (name, letter.title, letter.text) == ("tanaka", "わなが作動", "三井楽-01 11月1日09:05")
    assert letter.link.startswith("https://wall.example/a/")
    assert letter.urgent
    assert site.open()["trap_sprung", "trap-01"].status is AlertStatus.NOTIFIED


def test_nobody_answering_is_asked_again_then_the_deputy_then_the_office(make: Any) -> None:
    site, post, deliver = make()
    site.hear("trap-01", Kind.SPRUNG, 0)
    for minute in range(0, 100, 5):
        site.tick(minute)
        deliver(minute)
    assert post.titles("tanaka") == ["わなが作動", "再通知 わなが作動", "再通知 わなが作動"]
    assert post.titles("sato") == ["応答なし わなが作動"]
    assert post.titles("office") == ["応答なし わなが作動"]
    assert site.open()["trap_sprung", "trap-01"].status is AlertStatus.ESCALATED


def test_an_answer_stops_the_asking(make: Any) -> None:
    site, post, deliver = make()
    site.hear("trap-01", Kind.SPRUNG, 0)
    alert = site.open()["trap_sprung", "trap-01"]
    site.store.write_now(lambda tx: acts.acknowledge(tx, alert.id, "tanaka", at(10), "one-tap"))
    for minute in range(0, 300, 5):
        site.tick(minute)
        deliver(minute)
    assert [name for name, letter in post.letters if "わな" in letter.title] == ["tanaka"]


def test_an_outcome_recorded_in_time_spares_deputy_and_office(make: Any) -> None:
    site, post, deliver = make()
    site.hear("trap-01", Kind.SPRUNG, 0)
    site.act(Deed.FALSE_SPRING, 15)
    for minute in range(15, 300, 5):
        site.tick(minute)
        deliver(minute)
    assert {name for name, letter in post.letters if "わな" in letter.title} == {"tanaka"}


def test_news_of_one_channel_within_seconds_is_one_message(make: Any) -> None:
    site, post, deliver = make()
    site.hear("trap-01", Kind.TAMPER, 0)
    site.hear("trap-01", Kind.HEARTBEAT, 0.05, battery_pct=5.0)
    site.tick(0.06)
    assert deliver(0.1) == 0, "the gathering time is not over"
    deliver(1)
    assert post.titles("tanaka") == ["お知らせ 2件"]
    assert status(site) == {"sent": 2}


def test_quiet_hours_hold_a_warning_but_never_a_capture(make: Any) -> None:
    people = [{"name": "tanaka", "channels": ["console:"], "quiet": "08-12"}]
    site, post, deliver = make(people=people)  # T0 is 09:00 in Tokyo
    site.hear("trap-01", Kind.TAMPER, 0)
    site.hear("trap-01", Kind.SPRUNG, 1)
    deliver(60)
    assert post.titles("tanaka") == ["わなが作動"]
    deliver(181)
    assert post.titles("tanaka") == ["わなが作動", "センサーに異常な接触"]


def test_a_dead_gateway_is_told_in_quiet_hours_too(make: Any) -> None:
    people = [{"name": "office", "channels": ["console:"], "duty": "office", "quiet": "08-12"}]
    site, post, deliver = make(people=people)
    site.tick(1, {"disk": "full"})
    deliver(1)
    assert post.titles("office") == ["装置の故障"]


def test_a_digest_comes_in_the_morning(make: Any) -> None:
    site, post, deliver = make(people=[{"name": "tanaka", "channels": ["console:"]}])
    site.hear("cam-01", Kind.DETECTION, 0, species="deer")
    deliver(60)
    assert post.letters == []
    deliver(22 * 60)  # 07:00 on the next day
    assert post.titles("tanaka") == ["久しぶりの出没"]


def test_the_duty_rota_tells_whose_turn_it_is(make: Any) -> None:
    people = [{"name": name, "channels": ["console:"]} for name in ("tanaka", "suzuki")]
    rota = [{"people": ["tanaka", "suzuki"], "since": "2026-11-01", "days": 1}]
    site, post, deliver = make(people=people, rota=rota)
    for day in range(4):
        site.hear("trap-01", Kind.SPRUNG, day * 1440 + 1)
        deliver(day * 1440 + 1)
        site.hear("trap-01", Kind.SET, day * 1440 + 60)
    assert [name for name, _ in post.letters] == ["tanaka", "suzuki", "tanaka", "suzuki"]


def test_groups_take_turns_as_one(make: Any) -> None:
    people = [
        {"name": "tanaka", "channels": ["console:"], "groups": ["kita"]},
        {"name": "suzuki", "channels": ["console:"], "groups": ["kita", "minami"]},
        {"name": "sato", "channels": ["console:"], "groups": ["minami"]},
        {"name": "mori", "channels": ["console:"]},
    ]
    rota = [{"people": ["kita", "minami", "mori"], "since": "2026-11-01", "days": 1}]
    site, post, deliver = make(people=people, rota=rota)
    told = []
    for day in range(3):
        post.letters.clear()
        site.hear("trap-01", Kind.SPRUNG, day * 1440 + 1)
        deliver(day * 1440 + 1)
        site.hear("trap-01", Kind.SET, day * 1440 + 60)
        told.append(sorted(name for name, _ in post.letters))
    assert told == [["suzuki", "tanaka"], ["sato", "suzuki"], ["mori"]]


@pytest.mark.parametrize(
    ("group", "turn", "message"),
    [
        ("kita", "higashi", "no such person or group: higashi"),
        ("tanaka", "tanaka", "and of a group"),
    ],
)
def test_a_rota_of_unknown_or_ambiguous_names_is_refused(
    group: str, turn: str, message: str
) -> None:
    people = [{"name": "tanaka", "channels": ["console:"], "groups": [group]}]
    rota = [{"people": [turn], "since": "2026-11-01"}]
    with pytest.raises(ConfigError, match=message):
        Policy(check({"people": people, "rota": rota}))


def test_each_trapper_hears_of_their_own_traps(make: Any) -> None:
    people = [
        {"name": "tanaka", "channels": ["console:"], "devices": ["trap-0*"]},
        {"name": "suzuki", "channels": ["console:"], "devices": ["富江"]},
    ]
    site, post, deliver = make(people=people)
    site.hear("trap-01", Kind.SPRUNG, 1)
    deliver(1)
    assert [name for name, _ in post.letters] == ["tanaka"]


def test_nobody_responsible_means_everybody_is_told(make: Any) -> None:
    people = [{"name": "tanaka", "channels": ["console:"], "devices": ["other"]}]
    site, post, deliver = make(people=people)
    site.hear("trap-01", Kind.SPRUNG, 1)
    deliver(1)
    assert [name for name, _ in post.letters] == ["tanaka"]


def test_the_same_letter_is_tried_until_taken_with_growing_pauses(make: Any) -> None:
    site, post, deliver = make()
    post.failures = [Undelivered("500")] * 3
    site.hear("trap-01", Kind.SPRUNG, 0)
    pauses = []
    minute = 0.0
    while not post.letters:
        if deliver(minute):
            pauses.append(minute)
        minute += 0.02
    assert len({letter.key for letter in post.attempts}) == 1
    gaps = [b - a for a, b in itertools.pairwise(pauses)]
    assert len(gaps) == 3
    for number, gap in enumerate(gaps):
        whole = 5 * 2**number / 60
        assert whole / 2 - 0.03 <= gap <= whole + 0.03


def test_retry_after_is_honoured(make: Any) -> None:
    site, post, deliver = make()
    post.failures = [Undelivered("429", retry_after_s=600)]
    site.hear("trap-01", Kind.SPRUNG, 0)
    assert deliver(0) == 1
    assert deliver(9.9) == 0
    assert deliver(10.1) == 1
    assert len(post.letters) == 1


def test_a_capture_is_tried_for_three_days_and_then_visibly_given_up(make: Any) -> None:
    site, post, deliver = make(people=PEOPLE[:1])
    site.hear("trap-01", Kind.SPRUNG, 0)
    site.act(Deed.FALSE_SPRING, 0.01)  # it goes on being tried although the trap was dealt with
    post.failures = [Undelivered("503")] * 10_000
    for minute in range(0, 75 * 60, 15):
        deliver(minute)
    assert status(site) == {"dead": 1}
    assert 72 * 60 / 31 < len(post.attempts) < 72 * 60 / 14
    assert ("gateway_fault", "delivery") in {
        (a.rule, a.subject) for a in site.tick(site.minutes).opened
    }


def test_a_permanent_refusal_is_not_repeated(make: Any) -> None:
    site, post, deliver = make(people=PEOPLE[:1])
    post.failures = [Undelivered("400", permanent=True)]
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


def test_the_quotas_rest_is_kept_for_captures_and_running_short_is_told(make: Any) -> None:
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


def test_a_siren_is_told_when_the_alert_is_over(make: Any) -> None:
    site, post, deliver = make(people=[{"name": "siren", "channels": ["mqtt:"]}])
    site.hear("trap-01", Kind.SPRUNG, 0)
    deliver(0)
    site.hear("trap-01", Kind.SET, 30)
    deliver(30)
    assert [(letter.over, letter.title) for _, letter in post.letters] == [
        (False, "わなが作動"),
        (True, "終了 わなが作動"),
    ]


def test_a_gathered_letter_is_the_same_letter_at_every_attempt(make: Any) -> None:
    site, post, deliver = make()
    post.failures = [Undelivered("500")]
    site.hear("trap-01", Kind.TAMPER, 0)
    site.hear("cam-01", Kind.TAMPER, 0.01)
    deliver(1)
    site.hear("trap-01", Kind.HEARTBEAT, 1.1, battery_pct=5.0)
    site.tick(1.2)
    deliver(5)
    deliver(5)
    first, *rest = post.attempts
    assert [len(letter.alerts) for letter in (first, *rest)] == [2, 2, 1]
    assert first.key == rest[0].key != rest[1].key


def test_a_hanging_provider_holds_up_nobody_else(tmp_path: Path) -> None:
    site = Site(tmp_path)
    hung, told = asyncio.Event(), asyncio.Event()

    async def hang(_: Letter) -> str:
        await hung.wait()
        return "late"

    async def take(_: Letter) -> str:
        told.set()
        return "ok"

    def way(send: Any) -> Way:
        return Way("x", Channel("x", ("x",), "", lambda *_: send), send)

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
            await told.wait()
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
