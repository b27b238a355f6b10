"""Names as plain text, whatever somebody sends, and in the database whichever way they came."""

import unicodedata
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.model import Device, Role
from gateway.domain.people.plain_text import INVISIBLE, MOST_NAME, MOST_NOTE, plain_name, plain_note
from gateway.store import Store
from tests.support.samples import TOKYO


@given(st.text())
def test_a_name_is_one_bounded_line_without_controls_and_stays_what_it_is(text: str) -> None:
    name = plain_name(text)
    assert len(name) <= MOST_NAME
    assert not INVISIBLE & set(name)
    assert all(unicodedata.category(one) not in {"Cc", "Cs"} for one in name)
    assert unicodedata.is_normalized("NFC", name)
    assert plain_name(name) == name
    assert len(plain_note(text)) <= MOST_NOTE


def test_what_people_write_stays() -> None:
    for name in ("岐宿の沢 4号", "Ōsumi-3 (北)", "שלום", "わな🐗", "<b>&amp;"):
        assert plain_name(f" {name}\n") == name
    assert plain_name("か\u3099") == "が"
    assert plain_name("a\u202etxt.exe") == "atxt.exe"
    assert plain_note("一行目\r\n二行目\u202e\x00") == "一行目\n二行目"


def test_a_device_has_a_plain_name_in_the_database_whichever_way_it_came(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.db", TOKYO)
    device = Device(id="trap-01", role=Role.TRAP, name="沢\u202e号", area="岐\u2066宿")
    store.write_now(lambda tx: tx.put_device(device))
    [kept] = store.read_now(lambda reader: reader.devices())
    assert (kept.name, kept.area) == ("沢号", "岐宿")
    store.write_now(lambda tx: tx.put_devices([device]))
    assert store.read_now(lambda reader: reader.devices()) == [kept]
    store.close()
