"""The memory of the broker over restarts: which windows it finds, what it notes, whom it marks."""

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import trap_lifecycle
from gateway.domain.device_state import with_action
from gateway.domain.epoch import ms
from gateway.domain.model import ActionKind, Device, DeviceState, Kind, Role, TrapAction
from gateway.ingest.messages.batch import absorb
from gateway.mqtt import Counters
from gateway.mqtt.losses import gap_memory
from gateway.mqtt.losses.gap_memory import MAX_WINDOWS, BrokerMemory, LossCause, LossWindow
from gateway.mqtt.losses.gaps import Gaps
from gateway.store import Store
from gateway.store.feed import Feed
from gateway.store.setting_keys import SettingKey
from tests.support.samples import T0, TOKYO, at, decode, message, open_store, reading

BOUGHT = Device(id="wana-01", role=Role.TRAP, dialect="zigbee2mqtt")
NATIVE = Device(id="trap-01", role=Role.TRAP, dialect="native")
CAMERA = Device(id="cam-01", role=Role.DETECTOR, dialect="frigate")


class Site:
    """One database over several runs of its gateway, with a clock that tests turn (minutes)."""

    def __init__(self, folder: Path) -> None:
        self.store: Store = open_store(folder, BOUGHT, NATIVE, CAMERA)
        self.minutes = 0.0
        self.counters = Counters()
        self.gaps = self.start()

    def start(self) -> Gaps:
        """A run of the gateway begins."""
        self.counters = Counters()
        self.gaps = Gaps(self.store, Feed(), lambda: at(self.minutes), TOKYO, is_native)
        self.gaps.follow(self.counters)
        return self.gaps

    def connect(
        self,
        minutes: float,
        *,
        remembered: bool,
        answers: bool = True,
        taken_since: datetime | None = None,
    ) -> None:
        self.minutes = minutes

        async def scenario() -> None:
            await self.gaps.connecting()
            if answers:
                self.counters.heard_at = at(minutes)
                self.gaps.connected(at(minutes), remembered=remembered, taken_since=taken_since)

        asyncio.run(scenario())

    def note(self, minutes: float) -> None:
        """What the run would note by itself until then."""
        self.minutes = minutes

        async def scenario() -> None:
            task = asyncio.create_task(self.gaps.run())
            await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        asyncio.run(scenario())

    def receive(self, device: str, kind: Kind, minutes: float) -> None:
        self.minutes = max(minutes, self.minutes)
        one = message(reading(device, kind, minutes, seq=round(minutes)))
        self.store.write_now(lambda tx: absorb(tx, [one], decode, at(self.minutes)))

    def since(self, device: str) -> datetime | None:
        state = self.store.read_now(lambda r: r.states()[device])
        return trap_lifecycle.unconfirmed_since(state)


def is_native(device: Device, _: DeviceState | None) -> bool:
    return device.dialect == "native"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.store.close()


def known(site: Site) -> Site:
    """Connected at minute 0, everything heard at minute 10."""
    site.connect(0, remembered=False)
    site.note(1)
    for device in (BOUGHT, NATIVE):
        site.receive(device.id, Kind.SET, 10)
    site.receive(CAMERA.id, Kind.HEARTBEAT, 10)
    site.counters.heard_at = at(10)
    return site


def test_the_first_connection_of_a_new_gateway_is_no_gap(site: Site) -> None:
    site.connect(0, remembered=False)
    site.note(1)
    assert site.gaps.faults() == {}


def test_a_session_that_is_gone_is_a_gap_from_the_last_sign_of_the_broker_to_now(
    site: Site,
) -> None:
    known(site)
    site.start()
    site.connect(60, remembered=False)
    site.note(60)
    assert site.gaps.faults() == {"gap": "09:10-10:00"}
    assert site.since("wana-01") == at(10)


def test_a_session_that_is_still_there_is_none(site: Site) -> None:
    """The control."""
    known(site)
    site.start()
    site.connect(60, remembered=True)
    site.note(60)
    assert site.gaps.faults() == {}
    assert site.since("wana-01") is None


def test_a_session_that_another_program_has_read_from_is_one_from_its_first_reading_on(
    site: Site,
) -> None:
    known(site)
    site.counters.heard_at = at(59)
    site.connect(60, remembered=True, taken_since=at(50))
    site.note(60)
    assert site.gaps.faults() == {"gap": "09:50-10:00"}
    assert site.since("wana-01") == at(50)


def test_only_traps_whose_devices_do_not_send_again_are_doubted(site: Site) -> None:
    known(site)
    site.connect(60, remembered=False)
    site.note(60)
    assert [site.since(one) for one in ("wana-01", "trap-01", "cam-01")] == [at(10), None, None]


def test_a_message_or_a_person_at_the_trap_ends_the_doubt_and_what_came_before_does_not(
    site: Site,
) -> None:
    known(site)
    site.connect(60, remembered=False)
    site.note(60)
    site.receive("wana-01", Kind.HEARTBEAT, 59)  # received before the broker forgot us
    assert site.since("wana-01") == at(10)
    state = site.store.read_now(lambda r: r.states()["wana-01"])
    visit = TrapAction(
        id="a",
        device="wana-01",
        deed=ActionKind.VISITED,
        at=at(61),
        by="tanaka",
        recorded_at=at(62),
    )
    assert trap_lifecycle.unconfirmed_since(with_action(state, visit)) is None
    site.receive("wana-01", Kind.HEARTBEAT, 61)
    assert site.since("wana-01") is None


def test_two_gaps_in_a_row_are_doubted_from_the_first_on(site: Site) -> None:
    known(site)
    for minutes in (60, 120):
        site.connect(minutes, remembered=False)
        site.note(minutes)
    assert site.since("wana-01") == at(10)


def test_a_trap_that_is_known_as_sprung_stays_sprung(site: Site) -> None:
    known(site)
    site.receive("wana-01", Kind.SPRUNG, 20)
    site.connect(60, remembered=False)
    site.note(60)
    state = site.store.read_now(lambda r: r.states()["wana-01"])
    assert not trap_lifecycle.trap_view(state, at(60)).unknown


def test_a_run_that_was_killed_before_it_noted_the_answer_leaves_a_gap(site: Site) -> None:
    """The broker has made a new session by then: the next run finds it and must not trust it."""
    known(site)
    site.start()
    site.connect(60, remembered=False)  # killed here
    site.start()
    site.connect(61, remembered=True)
    site.note(61)
    assert site.gaps.faults() == {"gap": "09:10-10:01"}


def test_a_run_that_never_got_an_answer_and_ended_in_order_leaves_none(site: Site) -> None:
    known(site)
    site.start()
    site.connect(60, remembered=False, answers=False)
    site.gaps.not_connected()
    site.note(60)
    site.start()
    site.connect(61, remembered=True)
    assert site.gaps.faults() == {}


def test_a_gap_is_reported_for_a_day_also_after_restarts(site: Site) -> None:
    known(site)
    site.connect(60, remembered=False)
    site.note(60)
    site.start()
    site.minutes = 60 + 23 * 60
    assert "gap" in site.gaps.faults()
    site.minutes = 61 + 24 * 60
    assert site.gaps.faults() == {}


def test_messages_dropped_while_connected_are_reported_for_an_hour_and_make_no_trap_unknown(
    site: Site,
) -> None:
    known(site).minutes = 11
    site.gaps.broker_says("dropped", 40)  # lost before we came
    site.note(11)
    assert site.gaps.faults() == {}
    site.minutes = 12
    site.gaps.broker_says("dropped", 43)
    assert site.gaps.faults() == {"drops": "3, 09:11-09:12"}
    site.gaps.broker_says("dropped", 45)
    assert site.gaps.faults() == {"drops": "5, 09:11-09:12"}
    site.note(12)
    assert site.since("wana-01") is None
    site.minutes = 73
    assert site.gaps.faults() == {}


def test_messages_dropped_while_disconnected_are_reported_and_make_the_traps_unknown(
    site: Site,
) -> None:
    known(site)
    site.minutes = 11
    site.gaps.broker_says("dropped", 40)
    site.note(11)
    site.start()
    site.connect(60, remembered=True)
    site.gaps.broker_says("dropped", 47)
    site.note(60)
    assert site.gaps.faults() == {"drops": "7, 09:11-10:00"}
    assert site.since("wana-01") == at(11)
    assert site.since("trap-01") is None


@pytest.mark.parametrize(
    ("value", "started", "lost"),
    [(47, -600, 7), (5, None, 5), (47, 30, 47), (40, 30, 40), (40, -600, 0), (0, 30, 0)],
)
def test_a_broker_that_was_restarted_counts_from_nothing(
    value: float, started: float | None, lost: float
) -> None:
    """`started`: the broker, in minutes after we had last seen it at 40 dropped messages."""
    memory = BrokerMemory(heard_ms=1, dropped=40, dropped_ms=ms(T0))
    begun = None if started is None else at(started)
    assert gap_memory.lost_since(memory, value, begun, kept_session=True) == lost


def test_what_is_remembered_survives_bytes_that_are_no_memory(site: Site) -> None:
    site.store.write_now(lambda tx: tx.put_setting(SettingKey.BROKER_MEMORY, '{"heard_ms": "x"'))
    site.start()
    site.connect(5, remembered=False)
    assert site.gaps.faults() == {}


@given(st.lists(st.tuples(st.sampled_from(LossCause), st.integers(0, 10_000), st.integers(0, 60))))
def test_windows_are_bounded_and_lose_no_dropped_message(
    found: list[tuple[LossCause, int, int]],
) -> None:
    windows: tuple[LossWindow, ...] = ()
    total = 0.0
    for why, start, minutes in found[:MAX_WINDOWS]:
        new = LossWindow(why, ms(at(start)), ms(at(start) + timedelta(minutes=minutes)), 1)
        windows = gap_memory.joined(windows, new)
        total += 1
        assert windows[-1].start_ms <= new.start_ms
        assert windows[-1].end_ms >= new.end_ms
    assert sum(one.count for one in windows) == total
    assert len(windows) <= MAX_WINDOWS
