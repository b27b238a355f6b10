"""People in the database: accounts of an earlier version, the audit, and who sees a change when."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import apsw
import msgspec
import pytest

from gateway.domain.alerts.lifecycle import Duty
from gateway.domain.people.person import Person, UserRole, with_channels
from gateway.store import Store
from gateway.store.schema import MIGRATIONS
from tests.support.people import LONG_AGO, keep, take_out
from tests.support.samples import TOKYO

BEFORE = next(n for n, script in enumerate(MIGRATIONS) if "TABLE person_change" in script)
TOKEN = "line://UCg1b2J0KHZlcnktc2VjcmV0LXRva2Vu"
HANA = with_channels(
    Person(name="hana", role=UserRole.OFFICIAL, duties=(Duty.OFFICE,), password_hash="$argon2$x"),
    [TOKEN, "mqtt:siren"],
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new database."""
    store = Store(tmp_path / "people.db", TOKYO)
    yield store
    store.close()


def earlier(path: Path, *bodies: bytes) -> None:
    """A database of the version that had accounts."""
    with contextlib.closing(apsw.Connection(str(path))) as old:
        old.pragma("journal_mode", "WAL")
        for number, script in enumerate(MIGRATIONS[:BEFORE], start=1):
            old.execute(script)
            old.pragma("user_version", number)
        for number, body in enumerate(bodies):
            old.execute("INSERT INTO account VALUES (?, ?)", (f"user{number}", body))


def account(rank: int, password_hash: object = "$argon2$h") -> bytes:
    return msgspec.json.encode({"name": "x", "rank": rank, "password_hash": password_hash})


def test_accounts_become_people_with_their_role_and_password(tmp_path: Path) -> None:
    earlier(tmp_path / "p.db", *(account(rank) for rank in (1, 2, 3, 4)))
    with contextlib.closing(Store(tmp_path / "p.db", TOKYO)) as store:
        people = store.read_now(lambda r: r.people.all())
    roles = [UserRole.VIEWER, UserRole.TRAPPER, UserRole.OFFICIAL, UserRole.ADMIN]
    assert [one.role for one in people] == roles
    assert [one.name for one in people] == ["user0", "user1", "user2", "user3"]
    assert {one.password_hash for one in people} == {"$argon2$h"}


def test_an_account_that_cannot_be_read_keeps_nobody_else_out(tmp_path: Path) -> None:
    earlier(tmp_path / "p.db", b'{"name": "half', b"\xff\xfe", account(4, 7), account(4))
    with contextlib.closing(Store(tmp_path / "p.db", TOKYO)) as store:
        assert [one.name for one in store.read_now(lambda r: r.people.all())] == ["user3"]


def test_a_migration_that_breaks_off_leaves_every_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier(tmp_path / "p.db", account(4))
    broken = MIGRATIONS[BEFORE].replace(
        "DROP TABLE account;", "DROP TABLE account; SELECT no_such;"
    )
    monkeypatch.setattr("gateway.store.connection.MIGRATIONS", (*MIGRATIONS[:BEFORE], broken))
    with pytest.raises(Exception, match="migration"):
        Store(tmp_path / "p.db", TOKYO)
    monkeypatch.undo()
    with contextlib.closing(Store(tmp_path / "p.db", TOKYO)) as store:
        assert [one.name for one in store.read_now(lambda r: r.people.all())] == ["user0"]


def test_each_change_leaves_one_row_that_says_who_when_and_what(store: Store) -> None:
    keep(store, HANA)
    older = msgspec.structs.replace(HANA, quiet="22-06")
    keep(store, older, older)
    assert take_out(store, "hana")
    rows = store.read_now(lambda r: r.people.changes())
    assert [(one.what, one.person, one.by, one.at) for one in rows] == [
        ("removed", "hana", "test", LONG_AGO),
        ("changed", "hana", "test", LONG_AGO),
        ("added", "hana", "test", LONG_AGO),
    ]
    [quiet] = rows[1].fields
    assert (quiet.field, quiet.before, quiet.after) == ("quiet", "00-00", "22-06")


def test_no_secret_stands_in_the_audit_or_in_a_repr(store: Store) -> None:
    keep(store, HANA, with_channels(HANA, ["ntfys://ntfy.sh/hana-4711"]))
    take_out(store, "hana")
    found = repr(store.read_now(lambda r: r.people.changes())) + repr(HANA) + repr(HANA.channels)
    assert "ntfys" in found  # the control: the scheme is told
    assert not any(secret in found for secret in ("4711", "argon2", "siren", TOKEN.split("//")[1]))


def test_a_new_address_is_a_change_although_its_scheme_is_the_same(store: Store) -> None:
    keep(store, HANA, with_channels(HANA, ["line://another", "mqtt:siren"]))
    [change] = store.read_now(lambda r: r.people.changes(1))[0].fields
    assert (change.before, change.after) == ("0 line, 1 mqtt", "2 line, 1 mqtt")


def test_a_change_by_another_process_is_known_in_the_next_transaction(store: Store) -> None:
    store.write_now(lambda tx: tx.people.keep_here(LONG_AGO))
    assert store.write_now(lambda tx: dict(tx.people.known or {})) == {}
    with contextlib.closing(Store(store.path, TOKYO)) as command:
        keep(command, HANA)
    assert store.write_now(lambda tx: dict(tx.people.known or {})) == {"hana": HANA}


def test_people_of_a_transaction_that_is_rolled_back_are_not_known(store: Store) -> None:
    store.write_now(lambda tx: tx.people.keep_here(LONG_AGO))

    def fail(tx: object) -> None:
        tx.people.put(HANA, "test", LONG_AGO)  # type: ignore[attr-defined]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write_now(fail)
    assert store.write_now(lambda tx: dict(tx.people.known or {})) == {}
    assert store.read_now(lambda r: r.people.changes()) == []
