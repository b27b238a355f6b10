"""Shares of a surge: each device's messages stay together and in order, and the record is the same."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.domain.model import Event, Message
from gateway.ingest.messages import intake as intake_module
from gateway.ingest.messages import judging as judging_module
from gateway.ingest.messages.batch import absorb
from gateway.ingest.messages.batching import shares as shares_module
from gateway.ingest.messages.batching.shares import MOST_SHARES, Shares, names_of, number_of
from gateway.store import Store
from gateway.store.tables.backlog import BacklogTable, ReceiptClock
from tests.gateway.ingest.messages.surge.test_slices import CAMERAS, IN_TURN
from tests.gateway.ingest.messages.test_backlog import intake_of, run, waiting
from tests.support.samples import T0, at, decode, open_store
from tests.support.session import FakeSession

IDS = [f"goto/cam-{n:04}" for n in range(3_000)]
TOPICS = st.one_of(
    st.builds(
        "{}/{}{}".format,
        st.sampled_from(["wildlife/v1/goto", "zigbee2mqtt", "tele"]),
        st.sampled_from([id_.rpartition("/")[2] for id_ in IDS[:9]]),
        st.sampled_from(["", "/event", "/status", "/SENSOR"]),
    ),
    st.sampled_from(["lora/up", "a/b", ""]),
)


def named(topic: str) -> str:
    """What a topic is about."""
    return next((level for level in topic.split("/") if level.startswith("cam-")), topic)


@given(st.lists(TOPICS))
def test_all_messages_of_a_device_are_in_one_share_in_their_order(topics: list[str]) -> None:
    messages = [Message(topic, str(n).encode(), T0) for n, topic in enumerate(topics)]
    found = Shares().split(messages, IDS)
    assert sorted((m for part in found.values() for m in part), key=messages.index) == messages
    assert all(part == sorted(part, key=messages.index) for part in found.values())
    homes: dict[str, set[int]] = {}
    for share, part in found.items():
        for message in part:
            homes.setdefault(named(message.topic), set()).add(share)
    assert all(len(shares) == 1 for shares in homes.values())


def test_devices_spread_evenly_and_few_devices_share_nothing() -> None:
    messages = [Message(f"wildlife/v1/{id_}/event", b"", T0) for id_ in IDS]
    sizes = [len(part) for part in Shares().split(messages, IDS).values()]
    assert len(sizes) == number_of(len(IDS)) == 6
    assert min(sizes) > 0.8 * len(IDS) / 6
    assert Shares().split(messages, IDS[:100]) == {0: messages}


MANY = [f"goto/cam-{n:04}" for n in range(5_000)]
HEARD = [Message(f"wildlife/v1/{id_}/event", b"", T0) for id_ in IDS[:50]]


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("before", [IDS[:10], IDS])
def test_while_messages_wait_more_devices_or_a_restart_change_no_share(
    before: list[str], *, restarted: bool
) -> None:
    """Rows of an older program are all in share 0, as those of ten devices."""
    shares = Shares()
    found = shares.split(HEARD, before)
    later = Shares() if restarted else shares
    assert all(later.split(HEARD, MANY, waiting) == found for waiting in found)


def test_when_nothing_waits_more_devices_make_more_shares() -> None:
    """The control: dividing anew while messages wait would put a device's newer ones elsewhere."""
    shares = Shares()
    before = shares.split(HEARD, IDS)
    assert shares.split(HEARD, MANY) == Shares().split(HEARD, MANY) != before


def amid_registration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether each device's messages are taken in their order when devices are registered amid a surge."""
    monkeypatch.setattr(shares_module, "DEVICES", 10)
    store = open_store(folder, *CAMERAS[:10])
    intake, messages = intake_of(store), list(map(by_device, IN_TURN))
    for start in range(0, len(messages), 40):
        part = messages[start : start + 40]
        # private: what a surge keeps, without a session
        store.write_now(lambda tx, part=part: intake._keep(tx, part, {}))  # type: ignore[misc]
        if start == len(messages) // 2:
            store.write_now(lambda tx: tx.put_devices(CAMERAS))
    taken, share = list[Message](), -1
    while batch := store.write_now(lambda tx, after=share: tx.backlog.take(50, after)):  # type: ignore[misc]
        taken, share = taken + batch.messages, batch.share
    store.close()
    assert len(taken) == len(messages)
    topics = {message.topic for message in messages}
    return all(
        [m for m in taken if m.topic == topic] == [m for m in messages if m.topic == topic]
        for topic in topics
    )


def test_a_surge_amid_which_devices_are_registered_keeps_the_order_of_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert amid_registration(tmp_path, monkeypatch)


def test_control_dividing_anew_while_messages_wait_mixes_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BacklogTable, "share", lambda _: None)
    assert not amid_registration(tmp_path, monkeypatch)


@given(st.integers(0, 10**7))
def test_the_number_of_shares_is_bounded(devices: int) -> None:
    assert 1 <= number_of(devices) <= MOST_SHARES


def test_names_are_without_the_site() -> None:
    assert names_of(["goto/cam-1", "cam-2"]) == {"cam-1", "cam-2"}


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(1, 4))), st.integers(1, 9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_shares_are_taken_in_turn_and_each_in_its_order(
    store: Store, puts: list[tuple[int, int]], most: int
) -> None:
    wanted: dict[int, list[Message]] = {}
    for n, (share, count) in enumerate(puts):
        messages = [Message(f"{share}", b"%d %d" % (n, m), T0) for m in range(count)]
        wanted.setdefault(share, []).extend(messages)
        store.write_now(lambda tx, m=messages, s=share: tx.backlog.put(m, ReceiptClock.TRUSTED, s))  # type: ignore[misc]
    found: dict[int, list[Message]] = {}
    turn: list[int] = []
    while batch := store.write_now(lambda tx: tx.backlog.take(most, turn[-1] if turn else -1)):
        found.setdefault(batch.share, []).extend(batch.messages)
        turn.append(batch.share)
    assert found == wanted
    rounds = [share for before, share in pairwise(turn) if share <= before]
    assert len(rounds) <= max((turn.count(share) for share in turn), default=0)


def test_a_row_of_an_older_version_waits_in_the_first_share(store: Store) -> None:
    """Its numbers begin at 1; what comes now stands behind it."""
    store.write_now(lambda tx: tx.backlog.put(IN_TURN[:1], ReceiptClock.TRUSTED))
    numbers = store.write_now(lambda tx: [no for (no,) in tx.execute("SELECT no FROM backlog")])
    assert numbers == [1]
    store.write_now(lambda tx: tx.backlog.put(IN_TURN[1:2], ReceiptClock.TRUSTED))
    batch = store.write_now(lambda tx: tx.backlog.take(10))
    assert batch
    assert (batch.messages, batch.share) == (IN_TURN[:2], 0)


def surge(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], object]:
    """(how many devices each slice had, the record): IN_TURN comes faster than it can be judged."""
    devices: list[int] = []

    def counted(tx: object, messages: Sequence[Message], *args: object, **more: object) -> object:
        if messages:
            devices.append(len({m.topic for m in messages}))
        return absorb(tx, messages, *args, **more)  # type: ignore[arg-type]

    folder.mkdir()
    store = open_store(folder, *CAMERAS)
    session = FakeSession()
    session.send(*map(by_device, IN_TURN))
    with monkeypatch.context() as patch:
        patch.setattr(judging_module, "absorb", counted)
        patch.setattr(intake_module, "next_size", lambda *_: len(CAMERAS))  # what a board can judge
        run(
            intake_of(store),
            session,
            lambda: len(session.acked) == len(IN_TURN) and not waiting(store),
        )
    record = record_by_device(store)
    store.close()
    return devices, record


def by_device(message: Message) -> Message:
    """With a topic that names the device."""
    [reading] = decode(message, {})
    return replace(message, topic=f"wildlife/v1/{reading.device}/event")


def record_by_device(store: Store) -> object:
    """Each device's events in order, states, alerts and sums."""
    events: dict[str, list[Event]] = {}
    for _, event in store.read_now(lambda r: r.events_after(0, 1_000)):
        events.setdefault(event.device, []).append(event)
    alerts = store.read_now(
        lambda r: {(a.rule, a.subject, a.observed_at) for a in r.latest_alerts()}
    )
    return events, store.read_now(lambda r: (r.states(), r.rates(0, 10**6))), alerts


def test_a_slice_holds_several_messages_of_few_devices_and_the_record_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = open_store(tmp_path, *CAMERAS)
    clean.write_now(lambda tx: absorb(tx, list(map(by_device, IN_TURN)), decode, at(99)))
    monkeypatch.setattr(shares_module, "DEVICES", 10)
    devices, record = surge(tmp_path / "shares", monkeypatch)
    assert sum(devices) < len(IN_TURN) / 2
    assert record == record_by_device(clean)
    clean.close()


def test_control_without_shares_each_device_is_judged_for_each_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices, _ = surge(tmp_path / "whole", monkeypatch)
    assert sum(devices) == len(IN_TURN)
