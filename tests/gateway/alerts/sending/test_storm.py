"""Many captures at once: the month's quota lasts, each message fits its channel, and no trap is hidden."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts import texts as wording
from gateway.alerts.channels import ChannelOptions, UndeliveredError
from gateway.alerts.channels.table import CHANNELS, OpenChannel, open_channel, row_of
from gateway.alerts.claims import LEAST_S, MOST_S, claim, fit, pace
from gateway.alerts.links import Links
from gateway.alerts.notifier import Notifier
from gateway.alerts.policy import Policy
from gateway.config import check
from gateway.domain.model import Device, Kind, Role
from gateway.store.feed import Feed
from gateway.store.tables.outbox import Packing
from gateway.words.catalogue import Language
from tests.gateway.alerts.channels.notifications import Broker
from tests.gateway.alerts.channels.provider import OK, providing
from tests.gateway.alerts.post import Post, status
from tests.gateway.alerts.site import Site, at
from tests.gateway.alerts.test_texts import alert

MANY = 600
TRAPS = [Device(id=f"t-{n:03}", role=Role.TRAP, name=f"わな{n:03}") for n in range(MANY)]
LINE = "line:TOKEN@U" + "0" * 32
LANE = ("tanaka", "0")
NAMES = {trap.name for trap in TRAPS}
LINKS = Links("secret", "https://wall.example")


class Storm:
    """A site of many traps, one trapper with one channel, a clock that the test turns."""

    def __init__(self, folder: Path, url: str, **settings: Any) -> None:
        people = [{"name": "tanaka", "channels": [url]}]
        public = {"dashboard": {"public_url": "https://wall.example"}}
        self.site = Site(folder, {"people": people} | public | settings, TRAPS)
        self.post = Post()
        self.use(self.post.ways(self.site))

    def use(self, ways: dict[tuple[str, str], OpenChannel]) -> None:
        """Deliver by these channels."""
        site = self.site
        self.notifier = Notifier(site.store, Feed(), site.policy, ways, LINKS, lambda: site.now)

    def spring(self, *numbers: int) -> None:
        """These traps spring now."""
        for number in numbers:
            self.site.hear(TRAPS[number].id, Kind.SPRUNG, self.site.minutes)

    def deliver(self) -> None:
        """All that may go now."""
        while asyncio.run(self.notifier.deliver_due()):
            pass

    def wait(self, seconds: float) -> None:
        """Time passes, by steps of a second."""
        end = self.site.minutes + seconds / 60
        while self.site.minutes < end - 1e-9:
            self.site.minutes = min(end, self.site.minutes + 1 / 60)
            self.deliver()

    def named(self) -> list[str]:
        """Each mention of a trap in what was told."""
        return [name for _, one in self.post.letters for name in re.findall(r"わな\d{3}", one.text)]

    def close(self) -> None:
        self.site.store.close()


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Storm]:
    storm = Storm(tmp_path, LINE)
    yield storm
    storm.close()


def test_600_captures_at_once_cost_line_a_few_messages_that_name_every_trap(line: Storm) -> None:
    line.spring(*range(MANY))
    line.deliver()
    notifications = [notification for _, notification in line.post.letters]
    print(
        f"\n{len(notifications)} messages, the longest of {max(len(one.whole) for one in notifications)}"
    )
    assert sorted(line.named()) == sorted(NAMES), "each trap once"
    assert len(notifications) <= 10
    assert all(row_of(LINE).size(notification.whole) <= 5_000 for notification in notifications)
    assert (
        sum(int(m[1]) for one in notifications if (m := re.search(r"(\d+)件", one.title))) == MANY
    )
    assert all(notification.urgent for notification in notifications)
    assert {notification.link for notification in notifications} == {"https://wall.example/traps"}
    assert status(line.site) == {"sent": MANY}


def test_control_one_message_each_uses_up_three_months_of_line(line: Storm) -> None:
    line.spring(*range(MANY))
    due = line.site.store.write_now(lambda tx: tx.outbox.claim(LANE, line.site.now, 1_000))
    assert len(due) == MANY > 200


def test_600_captures_within_a_minute_leave_the_months_quota(line: Storm) -> None:
    """One after another, so that no more than one is ever due at once."""
    waited = []
    for number in range(MANY):
        line.site.minutes += 0.1 / 60
        line.spring(number)
        line.deliver()
        found = len(set(line.named()))
        waited.append(number + 1 - found)
    line.wait(15)
    assert set(line.named()) == NAMES
    print(f"\n{len(line.post.letters)} messages; {max(waited)} captures waited at most")
    assert len(line.post.letters) <= 50
    assert max(waited) <= 10 * LEAST_S + 5, "nobody waits longer than the pause between two lists"


def test_the_first_captures_ring_at_once_each_with_its_own_link(line: Storm) -> None:
    for number in range(5):
        line.spring(number)
        line.deliver()
        assert len(line.post.letters) == number + 1
    assert len({notification.link for _, notification in line.post.letters}) == 5
    assert all("/a/" in notification.link for _, notification in line.post.letters)


def test_a_small_remaining_quota_is_gathered_and_every_trap_is_named(tmp_path: Path) -> None:
    quotas = [{"channel": "line", "month": 12, "reserve": 4}]
    storm = Storm(tmp_path, LINE, quotas=quotas)
    for number in range(300):
        storm.spring(number)
        storm.wait(1)
    storm.wait(MOST_S + 5)
    print(f"\n{len(storm.post.letters)} messages of 12")
    assert len(set(storm.named())) == 300
    assert len(storm.post.letters) <= 12
    storm.close()


def test_a_list_that_failed_is_the_same_list_at_every_attempt(line: Storm) -> None:
    line.spring(*range(20))
    line.post.failures = [UndeliveredError("500")]
    asyncio.run(line.notifier.deliver_due())
    line.spring(*range(20, 40))
    line.wait(60)
    first, *rest = line.post.attempts
    [again] = [one for one in rest if one.key == first.key]
    assert [a.id for a in again.alerts] == [a.id for a in first.alerts]
    assert again.text == first.text
    assert len(set(line.named())) == 40


def test_reminders_of_a_storm_share_messages_too(line: Storm) -> None:
    line.spring(*range(100))
    line.deliver()
    line.site.minutes += 21
    line.site.tick(line.site.minutes)
    line.wait(5)
    reminders = [one for _, one in line.post.letters if one.title.startswith("再通知")]
    assert [re.search(r"(\d+)件", one.title)[1] for one in reminders] == ["100"]  # type: ignore[index]


def test_notifications_sent_while_the_disk_refused_hide_no_trap_afterwards(line: Storm) -> None:
    """Told in a list from memory, then more spring, and the disk takes them all together."""
    line.spring(*range(10))
    now = line.site.now
    found = line.site.store.write_now(lambda tx: claim(tx, LANE, line.site.policy, now, 1_000))
    assert asyncio.run(line.notifier.tell(found))
    line.site.store.write_now(
        lambda tx: tx._execute(
            "UPDATE outbox SET status = 'waiting', letter = NULL, attempts = 0, claimed_ms = NULL"
        )
    )  # as after a rehearsal: nothing of it is kept
    line.spring(*range(10, 20))
    line.wait(30)
    assert set(line.named()) == {f"わな{n:03}" for n in range(20)}
    assert status(line.site) == {"sent": 20}


def test_a_siren_hears_of_each_alert_on_its_own_topic(tmp_path: Path) -> None:
    storm, broker = Storm(tmp_path, "mqtt:"), Broker()
    storm.use({LANE: open_channel("mqtt:", ChannelOptions(publish=broker.publish, site="goto"))})
    storm.spring(*range(50))
    storm.deliver()
    texts = [msgspec.json.decode(payload)["text"] for _, payload, _ in broker.taken]
    assert len({topic for topic, *_ in broker.taken}) == 50
    assert all("\n" not in text for text in texts)
    assert len(set(texts)) == 50
    storm.close()


def test_a_radio_gets_as_many_packets_as_it_takes(tmp_path: Path) -> None:
    url, broker = "meshtastic:^all?from=1", Broker()
    storm = Storm(tmp_path, url)
    storm.use({LANE: open_channel(url, ChannelOptions(publish=broker.publish))})
    storm.spring(*range(40))
    storm.wait(120)
    packets = [msgspec.json.decode(payload)["payload"] for _, payload, _ in broker.taken]
    named = {name for text in packets for name in re.findall(r"わな\d{3}", text)}
    print(f"\n{len(packets)} packets")
    assert len(named) == 40
    assert all(len(text.encode()) <= 200 for text in packets)
    assert len(packets) < 40
    storm.close()


@pytest.mark.parametrize("scheme", ["line", "json"])
def test_a_real_provider_gets_every_trap_and_no_message_too_long(
    tmp_path: Path, scheme: str
) -> None:
    with providing(lambda _: OK) as provider:
        url = LINE if scheme == "line" else f"{scheme}://127.0.0.1:{provider.port}/x"
        storm = Storm(tmp_path, url)
        storm.use({LANE: open_channel(url, ChannelOptions(line_url=provider.url))})
        storm.spring(*range(MANY))
        storm.deliver()
        bodies = [msgspec.json.encode(call.json).decode() for call in provider.calls]
        storm.close()
    named = [name for body in bodies for name in re.findall(r"わな\d{3}", body)]
    print(f"\n{scheme}: {len(bodies)} messages, at most {max(map(len, bodies))} characters")
    assert sorted(named) == sorted(NAMES)
    assert len(bodies) <= 20
    assert scheme == "line" or all(len(body.encode()) < 4_500 for body in bodies)


@given(
    st.lists(st.text(max_size=40), min_size=1, max_size=60),
    st.sampled_from(["ja", "en"]),
    st.sampled_from([LINE, "meshtastic:^all?from=1", "json://h/", "console:"]),
    st.integers(0, 100),
)
def test_what_fits_fits_at_every_later_attempt(
    names: list[str], language: Language, url: str, hours: int
) -> None:
    settings = {"people": [{"name": "tanaka", "channels": [url], "language": language}]}
    policy, row = Policy(check(settings)), row_of(url)
    devices = {
        f"d-{n}": Device(id=f"d-{n}", role=Role.TRAP, name=name) for n, name in enumerate(names)
    }
    alerts = [alert("trap_sprung", id_) for id_ in devices]
    count = fit(
        alerts, person=policy.people["tanaka"], url=url, devices=devices, policy=policy, now=at(0)
    )
    assert 1 <= count <= len(alerts)
    title, text = wording.gathered(
        alerts[:count], devices, language, policy.zone, at(60 * hours), "deputy"
    )
    assert count == 1 or row.size(f"{title}\n{text}") <= row.longest(url)


@pytest.mark.parametrize("row", CHANNELS, ids=lambda row: row.name)
@given(left=st.none() | st.integers(0, 100_000))
def test_a_pace_never_stops_and_never_takes_more_than_a_share(row: Any, left: int | None) -> None:
    found = pace(row, left)
    assert found.burst >= 1
    assert LEAST_S <= found.pause.total_seconds() <= MOST_S
    if left is not None:
        assert found.burst <= max(1, left / 4)


def test_packing_is_single_unless_somebody_decides_otherwise() -> None:
    assert Packing().singly > MANY
