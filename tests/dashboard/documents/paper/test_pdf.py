"""Papers: the Japanese font is embedded, the text can be read back, nothing is lost at the end of a page."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.documents.paper import font, line_breaks
from dashboard.documents.paper.drawing import Drawing
from dashboard.documents.paper.font import FONTS, MissingFontError
from dashboard.documents.paper.pdf import MARGIN, Pdf
from dashboard.documents.table import Table
from tests.dashboard import pdf_file

MADE = datetime(2026, 11, 29, tzinfo=UTC)
NAMES = "髙橋 山﨑 ① ㎡ 令和８年 〜 ～ − ± ● ○ ×"
MARKS = "\u2066"  # isolates a name from the text around it


@pytest.fixture(scope="module")
def long() -> bytes:
    """A table over several pages."""
    document = Pdf("題 報告", MADE)
    document.text(f"{MARKS}{NAMES}\u2069")
    rows = tuple((f"行{i}", i, i / 3, date(2026, 4, 1)) for i in range(200))
    document.table(Table("長い表", ("名前", "数 件", "率", "日"), rows, "注"), whole=True)
    return document.bytes()


def test_every_font_is_embedded_with_only_the_characters_that_are_used(long: bytes) -> None:
    found = pdf_file.embedded(long)
    assert list(found.values()) == [True]
    assert all("+" in name for name in found), "a subset is named with a tag before a plus"
    assert len(long) < 100_000, "the whole font has 4.5 MB"


def test_pdftotext_gives_the_japanese_text_back(long: bytes) -> None:
    said = pdf_file.words(long)
    assert NAMES.replace(" ", "") in said
    assert all(f"行{i}" in said for i in range(200))
    assert MARKS not in said
    assert "2026/04/01" in said


def test_the_head_and_the_number_stand_on_each_page(long: bytes) -> None:
    pages = pdf_file.pages(long)
    assert len(pages) > 2
    assert all("名前" in page and "率" in page for page in pages)
    assert [page.split()[-3:] for page in pages] == [
        [str(n), "/", str(len(pages))] for n in range(1, len(pages) + 1)
    ]


def test_a_drawing_has_its_own_colours_whatever_was_drawn_before() -> None:
    document = Pdf("色", MADE)
    for _ in range(2):
        drawn = Drawing(40, 40)
        drawn.dot((20, 20), 15, filled=True, colour=(200, 0, 0))
        drawn.dot((20, 20), 10, filled=False)
        document.drawing(drawn)
    width, _, dots = pdf_file.dots(document.bytes())
    for no in range(2):
        y = round(MARGIN + (no + 1) * (MARGIN / 4 + 40) - 20)
        at = 3 * (y * width + round(MARGIN + 20))
        assert tuple(dots[at : at + 3]) == (255, 255, 255)
        assert tuple(dots[at + 3 * 12 : at + 3 * 12 + 3]) == (200, 0, 0)


def test_without_a_font_the_error_says_what_to_install() -> None:
    with pytest.raises(MissingFontError, match="sudo apt-get install fonts-ipaexfont-gothic"):
        font.find(((Path("/nowhere.ttf"), 0),))


@pytest.mark.long
@pytest.mark.parametrize("one", [one for one in FONTS if one[0].is_file()], ids=str)
def test_every_font_of_the_list_makes_the_same_text(
    one: tuple[Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(font, "find", lambda: one)
    document = Pdf("題", MADE)
    document.text(NAMES)
    made = document.bytes()
    assert NAMES.replace(" ", "") in pdf_file.words(made)
    assert set(pdf_file.embedded(made).values()) == {True}


@given(st.text(max_size=80), st.floats(2, 40))
@settings(deadline=None)
def test_a_line_is_never_wider_than_asked_and_loses_nothing(words: str, width: float) -> None:
    lines = line_breaks.wrap(words, width)
    assert all(line_breaks.text_width(line) <= width for line in lines)
    assert "".join(lines) == words.replace("\n", "")
    assert line_breaks.text_width(line_breaks.truncate(words, width)) <= max(width, 1.0)


def test_no_line_begins_with_a_closing_mark() -> None:
    assert line_breaks.wrap("ああああ、いい", 4) == ["あああ", "あ、いい"]
