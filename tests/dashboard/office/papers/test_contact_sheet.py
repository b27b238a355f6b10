"""The contact sheet: each photo with date, place and marking; one that is missing says so."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from dashboard.office.papers import contact_sheet, thumbnails
from dashboard.office.papers.evidence import Evidence
from dashboard.office.papers.photos import PhotoError
from dashboard.web.i18n import text
from tests.dashboard import pdf_file
from tests.dashboard.office.papers.filed import PAPERWORK, filed
from tests.support import pictures
from tests.support.samples import TOKYO

MADE = datetime(2026, 11, 29, tzinfo=UTC)


def test_every_photo_has_its_date_place_and_marking_and_a_missing_one_says_so(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.jpg").write_bytes(pictures.picture(shade=41))
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8 no")
    there = Evidence("ab" * 32, path=tmp_path / "a.jpg", taken="2026-10-06T17:50:00+09:00")
    photos = {
        "act-1": (there,) * 5,
        "act-2": (there, Evidence("cd" * 32, path=tmp_path / "bad.jpg")),
    }
    made = contact_sheet.pdf(filed(photos), PAPERWORK, text("ja"), TOKYO, "捕獲写真の一覧", MADE)
    assert set(pdf_file.embedded(made).values()) == {True}
    first, second = pdf_file.pages(made)
    assert first.count("令和8年9月30日") == 5
    for said in ("岐宿", "沢のわな", "4828763", "尾", "認める", "第99号", "abababababababab"):
        assert said in first + second
    assert "damaged" in second
    assert second.count("写真なし") == 3, "captures without a photo have a frame too"
    assert len(made) < 400_000, "the pictures are small"


def test_a_picture_is_small_upright_and_without_metadata() -> None:
    made = thumbnails.small(pictures.picture(shade=41))
    assert pictures.SECRET not in made
    with Image.open(io.BytesIO(made)) as small:
        assert max(small.size) <= thumbnails.SIDE_PIXELS
        assert not small.getexif()


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(PhotoError):
        thumbnails.small(data)
