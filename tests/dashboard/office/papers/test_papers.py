"""Papers: the municipality's columns, evidence untouched, nothing private in what is published."""

import hashlib
import io
import struct
import urllib.request
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from dashboard.office.papers import photos
from gateway.config.office import Paperwork
from tests.dashboard.office.conftest import Get
from tests.dashboard.office.county import County, caught
from tests.dashboard.office.pictures import SECRET, dressed, jpeg, png

AT = datetime(2026, 10, 5, 22, tzinfo=UTC)
LATER = datetime(2026, 10, 7, 22, tzinfo=UTC)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", [1, 6, 8])
def test_a_stripped_photo_keeps_its_picture_and_orientation_and_nothing_else(
    orientation: int, order: str
) -> None:
    bare = photos.stripped(dressed(jpeg(), orientation, order))
    assert SECRET not in bare
    assert b"ICC_PROFILE" in bare, "colours are part of the picture"
    assert bare.endswith(jpeg()[2:]), "the picture's own bytes are untouched"
    assert (b"Exif" in bare) is (orientation != 1)
    if orientation != 1:
        at = bare.index(b"Exif\0\0") + 6
        assert struct.unpack_from(">HHIH", bare, at + 10) == (0x0112, 3, 1, orientation)
    assert photos.stripped(bare) == bare


def test_text_blocks_of_a_png_are_removed() -> None:
    bare = photos.stripped(png())
    assert SECRET not in bare
    assert bare.endswith(b"IEND\xaeB`\x82")


@given(st.integers(0, 400))
def test_a_damaged_photo_is_refused_and_never_published_in_part(length: int) -> None:
    whole = dressed(jpeg())
    bare = photos.stripped(whole)
    try:
        assert photos.stripped(whole[:length]) == bare
    except photos.PhotoError:
        assert length < len(whole)


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"<svg/>", b"\xff\xd8", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\0"]
)
def test_a_file_that_is_no_photo_is_refused(data: bytes) -> None:
    with pytest.raises(photos.PhotoError):
        photos.stripped(data)


def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (tmp_path / "secret.jpg").write_bytes(jpeg())
    (folder / "a.jpg").write_bytes(jpeg())
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    for name in (
        "../secret.jpg",
        str(tmp_path / "secret.jpg"),
        "link.jpg",
        "none.jpg",
        "",
        "a\0.jpg",
        ".",
    ):
        assert photos.find(folder, name) is None
    found = photos.find(folder, "a.jpg")
    assert found is not None
    assert found.sha256 == hashlib.sha256(jpeg()).hexdigest()


def with_photos(county: County) -> None:
    folder = county.store.path.parent / "photos"
    folder.mkdir()
    county.configure(
        msgspec.structs.replace(
            county.config,
            paperwork=Paperwork(
                permit="長農政第12号", permits={"trap-2": "第99号"}, photos=str(folder)
            ),
        )
    )
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(dressed(jpeg()))
    (folder / "c.png").write_bytes(png())
    (folder / "bad.jpg").write_bytes(b"\xff\xd8 no")
    caught(
        county.store,
        "trap-0",
        AT,
        species="boar",
        sex="female",
        photo="a.jpg",
        weight_class="20-40kg",
    )
    caught(county.store, "trap-1", AT, species="boar", photo="b.jpg", note="=1+1")
    caught(county.store, "trap-2", AT, species="deer", photo="c.png")
    caught(county.store, "trap-3", AT, species="deer", photo="bad.jpg")


@pytest.fixture
def county(tmp_path: Path) -> Iterator[County]:
    county = County(tmp_path).settle()
    with_photos(county)
    yield county
    county.store.close()


def opened(get: Get, query: str) -> zipfile.ZipFile:
    status, body = get(f"/officials/papers.zip?{query}")
    assert status == 200
    return zipfile.ZipFile(io.BytesIO(body))


def cells(data: bytes) -> list[dict[str, object]]:
    rows = list(load_workbook(io.BytesIO(data)).worksheets[0].values)
    return [dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]]


def test_the_rows_hold_what_was_recorded(get: Get) -> None:
    rows = cells(get("/officials/papers.xlsx?month=2026-10")[1])
    assert len(rows) == 4, "a false spring is no capture"
    first = rows[0]
    assert str(first["捕獲日"]) == "2026-10-06 00:00:00", "the local day, a real date"
    assert (first["獣種"], first["性別"], first["体重区分"]) == ("イノシシ", "メス", "20-40kg")
    assert (first["5 kmメッシュ"], first["許可番号"]) == ("4828763", "長農政第12号")
    assert rows[2]["許可番号"] == "第99号"
    assert rows[1]["備考"] == "=1+1"


def test_a_photo_used_for_two_captures_is_reported(get: Get) -> None:
    rows = cells(get("/officials/papers.xlsx?month=2026-10")[1])
    assert [bool(row["重複の疑い"]) for row in rows] == [True, True, False, False]


def test_a_capture_recorded_twice_is_reported(county: County, get: Get) -> None:
    again = AT.replace(hour=23)
    caught(county.store, "trap-2", again, species="deer")
    rows = cells(get("/officials/papers.xlsx?month=2026-10")[1])
    assert sum(bool(row["重複の疑い"]) for row in rows) == 4


def test_the_offices_bundle_holds_the_evidence_untouched(get: Get) -> None:
    bundle = opened(get, "month=2026-10")
    assert bundle.read("photos/0001.jpg") == dressed(jpeg())
    for line in bundle.read("SHA256SUMS").decode().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(bundle.read(name)).hexdigest() == digest
    assert set(bundle.namelist()) == {
        "captures.xlsx",
        "captures.csv",
        "README.txt",
        "SHA256SUMS",
        "photos/0001.jpg",
        "photos/0002.jpg",
        "photos/0003.png",
        "photos/0004.jpg",
    }


def test_what_is_published_names_no_place_no_person_and_no_trap(get: Get) -> None:
    bundle = opened(get, "month=2026-10&for=public")
    everything = b"".join(
        bundle.read(name) for name in bundle.namelist() if name != "captures.xlsx"
    )
    everything += repr(cells(bundle.read("captures.xlsx"))).encode()
    for secret in (
        SECRET,
        b"taro",
        "沢のわな".encode(),
        b"trap-",
        b"32.66",
        b"128.75",
        "第12号".encode(),
    ):
        assert secret not in everything
    assert "photos/0004.jpg" not in bundle.namelist(), "a photo that cannot be stripped stays here"
    assert "4:" in bundle.read("README.txt").decode("utf-8-sig")


def test_the_same_records_make_the_same_bundle(get: Get) -> None:
    one, other = (get("/officials/papers.zip?month=2026-10&for=public")[1] for _ in range(2))
    names = zipfile.ZipFile(io.BytesIO(one)).namelist()
    assert names == zipfile.ZipFile(io.BytesIO(other)).namelist()
    for name in set(names) - {"captures.xlsx", "SHA256SUMS"}:  # a workbook tells when it was made
        assert zipfile.ZipFile(io.BytesIO(one)).read(name) == zipfile.ZipFile(
            io.BytesIO(other)
        ).read(name)


def test_a_corrected_capture_has_one_row_and_one_taken_back_has_none(county: County) -> None:
    deer, slip = (caught(county.store, f"trap-{n}", LATER, species="deer", count=1) for n in (0, 1))
    for one in (
        msgspec.structs.replace(deer, id="right", species="boar", replaces=deer.id),
        msgspec.structs.replace(slip, id="back", replaces=slip.id, is_undo=True),
    ):
        county.store.write_now(lambda tx, one=one: tx.acts.add(one))  # type: ignore[misc]
    county.configure(
        msgspec.structs.replace(county.config, paperwork=Paperwork(columns=("trap", "species")))
    )
    with county.served() as url:
        asked = f"{url}/officials/papers.csv?month=2026-10"
        body = urllib.request.urlopen(asked, timeout=20).read().decode("utf-8-sig")
        bundles = [
            zipfile.ZipFile(io.BytesIO(urllib.request.urlopen(address, timeout=20).read()))
            for address in (
                asked.replace("csv", "zip"),
                asked.replace("csv", "zip") + "&for=public",
            )
        ]
    before = ["沢のわな0,イノシシ"]  # of another day
    assert [row for row in body.splitlines() if "沢のわな0" in row] == [
        *before,
        "沢のわな0,イノシシ",
    ]
    assert "沢のわな1,ニホンジカ" not in body
    office, public = bundles
    chain = office.read("corrections.csv").decode("utf-8-sig").splitlines()
    told = [(row.split(",")[4], row.split(",")[7]) for row in chain[1:] if "沢のわな0" in row]
    assert sorted(told) == [("イノシシ", "有効"), ("ニホンジカ", "訂正済み")]
    assert sum("取り消し" in row for row in chain if "沢のわな1" in row) == 2
    assert "corrections.csv" in office.read("SHA256SUMS").decode()
    assert "corrections.csv" not in public.namelist()


def test_the_municipality_chooses_the_columns(county: County) -> None:
    chosen = Paperwork(columns=("date", "species", "mesh5km"))
    county.configure(msgspec.structs.replace(county.config, paperwork=chosen))
    with county.served() as url:
        asked = f"{url}/officials/papers.csv?month=2026-10"
        body = urllib.request.urlopen(asked, timeout=20).read()
    assert body.decode("utf-8-sig").splitlines()[0] == "捕獲日,獣種,5 kmメッシュ"


@pytest.mark.parametrize("query", ["month=x", "months=2", "for=everybody"])
def test_a_wrong_query_is_refused(get: Get, query: str) -> None:
    assert get(f"/officials/papers.zip?{query}")[0] == 400
