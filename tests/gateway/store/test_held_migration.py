"""A database of an earlier version: what it holds of unregistered devices stays held."""

import contextlib
from pathlib import Path

import apsw
import msgspec

from gateway.domain.model import Device, Kind, Role, Standing
from gateway.domain.refused import held_limits
from gateway.ingest.messages.batch import absorb, release
from gateway.store import Store
from gateway.store.schema import MIGRATIONS
from tests.support.samples import TOKYO, at, decode, message, reading

BEFORE = next(n for n, script in enumerate(MIGRATIONS) if "TABLE unknown_device" in script)
HELD = 3_000


def earlier(path: Path) -> None:
    """As the version before left it: a spring, then heartbeats of the same device, all confirmed."""
    waiting = Device(id="wana-99", role=Role.TRAP, standing=Standing.PENDING)
    rows = [message(reading("wana-99", Kind.SPRUNG, 0))]
    rows += [message(reading("wana-99", Kind.HEARTBEAT, n)) for n in range(1, HELD)]
    with contextlib.closing(apsw.Connection(str(path))) as old:
        old.pragma("journal_mode", "WAL")
        for number, script in enumerate(MIGRATIONS[:BEFORE], start=1):
            old.execute(script)
            old.pragma("user_version", number)
        with old:
            old.execute(
                "INSERT INTO device (id, role, standing, body) VALUES (?, ?, ?, ?)",
                (
                    waiting.id,
                    waiting.role.value,
                    waiting.standing.value,
                    msgspec.json.encode(waiting),
                ),
            )
            old.executemany(
                "INSERT INTO quarantine (received_ms, topic, payload, qos, retain, reason, detail, device) "
                "VALUES (?, 'wildlife/v1/goto/wana-99/event', ?, 1, 0, 'unknown_device', '', 'wana-99')",
                [(n, one.payload) for n, one in enumerate(rows)],
            )


def test_what_an_earlier_version_confirmed_is_still_read_at_approval(tmp_path: Path) -> None:
    earlier(tmp_path / "test.db")
    store = Store(tmp_path / "test.db", TOKYO)
    noise = [message(reading("wana-99", Kind.HEARTBEAT, HELD + n)) for n in range(500)]
    outcome = store.write_now(lambda tx: absorb(tx, noise, decode, at(9_000)))
    assert outcome.no_events["wana-99", "evicted"] == 500  # it holds more than the limit already
    assert held_limits.LIMITS[False].most_kib < HELD
    approved = Device(id="wana-99", role=Role.TRAP)
    store.write_now(lambda tx: tx.put_device(approved))
    released = store.write_now(lambda tx: release(tx, "wana-99", decode, at(9_001)))
    store.close()
    assert len(released.events) == HELD
    assert released.events[0].kind is Kind.SPRUNG


def test_a_device_that_waited_is_in_the_list_of_names_and_alerts_when_it_springs(
    tmp_path: Path,
) -> None:
    earlier(tmp_path / "test.db")
    store = Store(tmp_path / "test.db", TOKYO)
    assert store.write_now(lambda tx: dict(tx.unknown.names.topics)) == {
        "wana-99": "wildlife/v1/goto/wana-99/event"
    }
    spring = message(reading("wana-99", Kind.SPRUNG, HELD))
    outcome = store.write_now(lambda tx: absorb(tx, [spring], decode, at(9_000)))
    store.close()
    assert [one.subject for one in outcome.opened] == ["wana-99"]
