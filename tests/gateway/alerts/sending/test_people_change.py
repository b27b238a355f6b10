"""A change of people counts without a restart, whoever made it: the page, a command, another process."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from gateway import app as service
from gateway.alerts.channels import ChannelOptions
from gateway.alerts.notifier import Notifier
from gateway.alerts.open_channels import OpenChannels
from gateway.alerts.policy import Policy
from gateway.config import check
from gateway.domain.alerts.lifecycle import Duty
from gateway.domain.model import Device, Kind, Role
from gateway.domain.people.person import Person, with_channels
from gateway.ingest.messages.batch import absorb
from gateway.store import Store
from tests.support.people import keep, take_out
from tests.support.samples import TOKYO, at, decode, message, reading

Ring = Callable[[int], list[str]]


class Site:
    """A gateway whose people hear by MQTT, and what was published."""

    def __init__(self, folder: Path) -> None:
        people = [{"name": "tanaka", "channels": ["mqtt:shishigaki/first/"]}]
        config = check({"store": {"path": str(folder / "x.db")}, "people": people})
        self.now = at(0)
        self.gateway = service.build(config, lambda: self.now)
        self.store = self.gateway.store
        self.store.write_now(lambda tx: tx.put_device(Device(id="wana-01", role=Role.TRAP)))
        self.heard: list[str] = []
        options = ChannelOptions(publish=self._publish)
        self.channels = OpenChannels(self.gateway.policy, options)
        self.notifier = Notifier(
            self.store,
            self.gateway.feed,
            self.gateway.policy,
            self.channels,
            service.links(self.gateway),
            lambda: self.now,
        )

    async def _publish(self, topic: str, payload: bytes, **_: object) -> None:
        if payload:  # an empty one takes an alert back
            self.heard.append(topic.split("/")[1])

    def ring(self, minutes: int) -> list[str]:
        """A trap springs: who is told, by the second part of the topic."""
        self.now = at(minutes)
        kinds = enumerate((Kind.SET, Kind.SPRUNG))
        found = [message(reading("wana-01", kind, minutes + n)) for n, kind in kinds]
        policy, end = self.gateway.policy, at(minutes + 2)
        self.store.write_now(lambda tx: absorb(tx, found, decode, end, policy))
        self.now = at(minutes + 3)
        self.heard.clear()
        asyncio.run(self.notifier.deliver_due())
        return sorted(self.heard)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.store.close()


def changed(site: Site, *urls: str, name: str = "tanaka") -> Person:
    before = site.store.read_now(lambda r: r.people.find(name)) or Person(name=name)
    return with_channels(msgspec.structs.replace(before, duties=(Duty.TRAPPER,)), urls)


def test_a_new_channel_is_used_from_the_next_alert_on(site: Site) -> None:
    assert site.ring(0) == ["first"]
    keep(site.store, changed(site, "mqtt:shishigaki/second/"))
    assert site.ring(1_000) == ["second"]


def test_control_a_policy_that_keeps_the_people_of_its_start_uses_the_old_channel(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Policy, "know", lambda _policy, _people: None)
    keep(site.store, changed(site, "mqtt:shishigaki/second/"))
    assert site.ring(1_000) == ["first"]


def test_a_change_by_another_process_counts_too(site: Site) -> None:
    assert site.ring(0) == ["first"]
    with closing(Store(site.store.path, TOKYO)) as command:
        keep(command, changed(site, "mqtt:shishigaki/third/"))
        keep(command, changed(site, "mqtt:shishigaki/new/", name="mori"))
    assert site.ring(1_000) == ["new", "third"]


def test_who_is_removed_hears_nothing_more_not_even_what_waits(site: Site) -> None:
    keep(site.store, changed(site, "mqtt:shishigaki/other/", name="mori"))
    assert site.ring(0) == ["first", "other"]
    take_out(site.store, "tanaka")
    assert site.ring(1_000) == ["other"]


def test_what_waits_for_a_channel_goes_to_no_other_that_takes_its_place(site: Site) -> None:
    site.now = at(0)
    sprung = [message(reading("wana-01", Kind.SPRUNG, 1))]
    site.store.write_now(lambda tx: absorb(tx, sprung, decode, at(2), site.gateway.policy))
    keep(site.store, changed(site, "mqtt:shishigaki/second/"))
    site.now = at(5)
    asyncio.run(site.notifier.deliver_due())
    assert site.heard == []


def test_who_has_no_channel_does_not_stand_for_those_who_have(site: Site) -> None:
    keep(site.store, Person(name="boss", duties=(Duty.TRAPPER,)))
    assert site.ring(0) == ["first"]


def test_a_month_counts_what_went_out_by_a_channel_that_was_taken_away(site: Site) -> None:
    site.ring(0)
    keep(site.store, changed(site, "mqtt:shishigaki/second/"))
    site.ring(1_000)
    sent = site.store.write_now(lambda tx: tx.outbox.sent_since(at(-10)))
    assert site.gateway.policy.sent(sent)["mqtt"] == sum(sent.values()) >= 2
