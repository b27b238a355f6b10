"""Names as plain text, whatever somebody sends, and in the database whichever way they came."""

import re
import unicodedata
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.model import Device, Role
from gateway.domain.people.plain_text import MOST_NAME, MOST_NOTE, plain_name, plain_note
from gateway.store import Store
from gateway.words.catalogue import translations
from gateway.words.visible import END, INVISIBLE, ISOLATE, isolated, shown, visible
from tests.support.samples import TOKYO


@given(st.text())
def test_a_name_is_one_bounded_line_without_controls_and_stays_what_it_is(text: str) -> None:
    name = plain_name(text)
    assert len(name) <= MOST_NAME
    assert not INVISIBLE.search(name)
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


@given(st.text())
def test_only_a_name_that_runs_from_right_to_left_is_isolated(text: str) -> None:
    turns = any(unicodedata.bidirectional(one) in {"R", "AL", "AN"} for one in visible(text))
    assert isolated(text) == (f"{ISOLATE}{visible(text)}{END}" if turns else visible(text))
    assert shown(isolated(text)) == isolated(text)
    assert visible(isolated(text)) == visible(text)


def test_a_name_in_a_sentence_moves_nothing_else_of_it() -> None:
    words = translations("en")
    key = next(key for key, text in words.words.items() if "{name}" in text)
    names = dict.fromkeys(re.findall(r"{(\w+)}", words.words[key]), "x")
    assert f"{ISOLATE}שלום{END}" in words(key, **{**names, "name": "ש\u202eלום"})
    assert "岐宿の沢" in words(key, **{**names, "name": "岐宿の沢"})
    assert ISOLATE not in words(key, **{**names, "name": "岐宿の沢"})
