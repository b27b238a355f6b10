"""Agreements at the town: made and revoked in one transaction with the audit, kept as a record."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.domain.people.agreement import Agreement, AgreementError, ShareLevel
from gateway.ingest.people import agreements
from gateway.region import sharing
from gateway.store import Store
from gateway.store.connection import open_writer
from tests.dashboard.place import NOW
from tests.support.samples import TOKYO

TODAY = NOW.astimezone(TOKYO).date()
ASKED = Agreement(
    id="a1",
    giver="goto",
    taker="nagasaki",
    level=ShareLevel.KM1,
    from_day=TODAY,
    made_at=NOW,
    made_by="mori",
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new database."""
    store = Store(tmp_path / "town.db", TOKYO)
    yield store
    store.close()


def make(store: Store, **changed: object) -> Agreement:
    asked = replace(ASKED, **changed)
    return store.write_now(lambda tx: agreements.make(tx, asked, TODAY))


def kept(store: Store) -> list[Agreement]:
    return store.read_now(lambda reader: reader.agreements.all())


def audit(store: Store) -> list[str]:
    return [one.what for one in store.read_now(lambda reader: reader.people.changes(50))]


def test_an_agreement_is_kept_with_its_audit_and_holds_at_once(store: Store) -> None:
    made = make(store)
    assert kept(store) == [made]
    assert sharing.level_for("nagasaki", kept(store), NOW, TOKYO) is ShareLevel.KM1
    assert sharing.level_for("japan", kept(store), NOW, TOKYO) is None
    assert audit(store) == ["agreement_made"]


def test_the_same_form_sent_twice_makes_one_agreement(store: Store) -> None:
    make(store)
    make(store, level=ShareLevel.EXACT)
    assert [one.level for one in kept(store)] == [ShareLevel.KM1]
    assert audit(store) == ["agreement_made"]


def test_a_revoked_agreement_gives_nothing_from_that_moment_and_stays_as_a_record(
    store: Store,
) -> None:
    make(store)
    later = NOW + timedelta(hours=1)
    store.write_now(lambda tx: agreements.revoke(tx, "a1", "hana", later))
    [one] = kept(store)
    assert (one.revoked_at, one.revoked_by, one.version) == (later, "hana", 2)
    assert sharing.leaving(kept(store), later, TOKYO) is None
    assert audit(store) == ["agreement_revoked", "agreement_made"]


@pytest.mark.parametrize("id_", ["a1", "a2"])
def test_what_is_revoked_or_unknown_is_not_revoked_again(store: Store, id_: str) -> None:
    make(store)
    store.write_now(lambda tx: agreements.revoke(tx, "a1", "hana", NOW))
    with pytest.raises(AgreementError):
        store.write_now(lambda tx: agreements.revoke(tx, id_, "hana", NOW))
    assert len(audit(store)) == 2


def test_a_refused_agreement_leaves_neither_a_row_nor_an_audit(store: Store) -> None:
    with pytest.raises(AgreementError, match="today"):
        make(store, from_day=TODAY - timedelta(days=1))
    assert (kept(store), audit(store)) == ([], [])


def test_invisible_characters_make_no_second_organisation(store: Store) -> None:
    assert make(store, taker="naga\u200dsaki\u202e", note="x\u202ey").taker == "nagasaki"


def test_an_agreement_that_cannot_be_read_gives_nothing_and_hides_no_other(store: Store) -> None:
    make(store)
    make(store, id="a2", level=ShareLevel.EXACT)
    connection = open_writer(store.path)
    connection.execute("UPDATE agreement SET body = x'7b7d' WHERE id = 'a2'")
    connection.close()
    assert [one.id for one in kept(store)] == ["a1"]
    assert sharing.leaving(kept(store), NOW, TOKYO) is ShareLevel.KM1
