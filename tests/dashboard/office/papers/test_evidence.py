"""Photos from phones in the papers: as they were kept, each with its SHA-256, never in a public place."""

import asyncio
import csv
import hashlib
import io
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from dashboard.documents.table import Table
from dashboard.office.papers import bundle, capture_columns, claims
from dashboard.office.papers.captures import Capture, captures
from dashboard.office.papers.evidence import Evidence
from dashboard.web.i18n import text
from gateway.config import check
from gateway.config.office import ASKED
from gateway.domain.model import ActionKind, TrapAction
from gateway.domain.traps.photo import Photo
from gateway.ingest.photos.keeping import PhotoKeeper
from tests.dashboard.office.conftest import Get
from tests.dashboard.office.county import County, caught
from tests.support import pictures
from tests.support.samples import TOKYO

AT = datetime(2026, 10, 5, 22, tzinfo=UTC)
LATE = "ab" * 32  # a photo that the phone has not sent
FIELDS = [
    {"key": "part", "ja": "部位", "kind": "choice", "choices": ["尾"]},
    {"key": "buried", "ja": "埋設", "kind": "yes-no"},
]
MB = 1_000_000


def keep(county: County, data: bytes) -> Photo:
    """A photo that a phone sent."""

    async def pieces() -> AsyncIterator[bytes]:
        yield data

    keeper = PhotoKeeper(county.store, county.config, lambda: AT)
    return asyncio.run(keeper.keep(pieces(), "taro"))


@pytest.fixture
def county(tmp_path: Path) -> Iterator[County]:
    county = County(tmp_path).settle()
    stored = {"path": str(county.store.path), "disk_reserve_mb": 0}
    config = check({"paperwork": {"fields": FIELDS}, "store": stored})
    county.configure(config)
    first, second = (keep(county, pictures.picture(shade=n)) for n in (41, 42))
    caught(
        county.store,
        "trap-0",
        AT,
        species="boar",
        age="young",
        weight_kg=12.5,
        fields={"part": "尾", "buried": "yes"},
        photos=(first.sent_sha256, LATE, second.sent_sha256),
    )
    caught(county.store, "trap-1", AT, species="deer", photos=(second.sent_sha256,))
    yield county
    county.store.close()


def opened(get: Get, query: str) -> zipfile.ZipFile:
    status, body = get(f"/officials/papers.zip?month=2026-10{query}")
    assert status == 200
    return zipfile.ZipFile(io.BytesIO(body))


def rows(archive: zipfile.ZipFile) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read("captures.csv").decode("utf-8-sig"))))


def kept(county: County) -> dict[str, Photo]:
    return {p.sent_sha256: p for p in county.store.read_now(lambda r: r.photos.all())}


def test_the_offices_bundle_holds_every_photo_as_it_was_kept_with_both_sums(
    county: County, get: Get
) -> None:
    archive, known = opened(get, ""), kept(county)
    first, other = rows(archive)
    names = [name for name in archive.namelist() if name.startswith("photos/")]
    assert names == ["photos/0001.jpg", "photos/0001-3.jpg", "photos/0002.jpg"]
    sums = [hashlib.sha256(archive.read(name)).hexdigest() for name in names]
    assert sums[:2] == first["写真のSHA-256"].split()
    sent = first["電話が送った写真のSHA-256"].split()
    assert [known[one].kept_sha256 for one in sent if one != LATE] == sums[:2]
    assert sent[1] == LATE
    assert first["写真の撮影時刻（写真による）"].split()[0] == "2026-11-28T06:10:00+09:00"
    assert first["写真の撮影時刻（写真による）"].endswith("（記録の時刻と1日以上違います）")
    assert "写真待ち 1 枚" in first["写真"]
    assert "1: 写真待ち" in archive.read("README.txt").decode("utf-8-sig")
    listed = archive.read("SHA256SUMS").decode()
    assert all(f"{digest}  {name}\n" in listed for digest, name in zip(sums, names, strict=True))
    assert first["重複の疑い"], "the same photo for two captures"
    assert other["重複の疑い"]


def test_what_the_municipality_asked_has_its_columns(get: Get) -> None:
    first, other = rows(opened(get, ""))
    assert (first["部位"], first["埋設"], first["成獣・幼獣"], first["体重（kg）"]) == (
        "尾",
        "はい",
        "幼獣",
        "12.5",
    )
    assert (other["部位"], other["埋設"], other["成獣・幼獣"], other["体重（kg）"]) == (
        "",
        "",
        "不明",
        "",
    )


def test_a_public_bundle_has_photos_without_metadata_and_no_sums_times_or_answers(get: Get) -> None:
    archive = opened(get, "&for=public")
    private = opened(get, "")
    assert pictures.SECRET in pictures.picture(shade=41), "control: the phone's photo tells it"
    for name in archive.namelist():
        assert pictures.SECRET not in archive.read(name)
        if name.startswith("photos/"):
            assert b"Exif" not in archive.read(name)
    heads = set(rows(archive)[0])
    assert heads == set(rows(private)[0]) - {
        "時刻",
        "地区",
        "わな",
        "緯度",
        "経度",
        "捕獲者",
        "許可番号",
        "捕獲の区分",
        "確認に出した部位",
        "処理の方法",
        "確認の結果",
        "確認者",
        "確認の方法",
        "確認日",
        "足りないもの",
        "部位",
        "埋設",
        "写真",
        "写真の撮影時刻（写真による）",
        "写真のSHA-256",
        "電話が送った写真のSHA-256",
        "備考",
    }  # what names a person, a place or a moment
    assert ASKED in capture_columns.PRIVATE_COLUMNS


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_photo_that_is_not_what_was_kept_is_named_and_not_handed_out(
    county: County, get: Get, damage: str
) -> None:
    name = rows(opened(get, ""))[1]["写真のSHA-256"]
    path = county.store.path.parent / "trap-photos" / name[:2] / f"{name}.jpg"
    if damage == "changed":
        path.write_bytes(path.read_bytes() + b"x")
    else:
        path.unlink()
    archive = opened(get, "")
    assert "photos/0002.jpg" not in archive.namelist()
    assert "2: 写真のファイルが見つからないか" in archive.read("README.txt").decode("utf-8-sig")


def test_a_bundle_of_many_photos_holds_one_at_a_time_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(bytes(2 * MB))
    act = caught_value()
    many = [Capture(n, act, None, "", (Evidence("x", path=path),), "") for n in range(30)]
    rows = Table("t", ("a",), (("b",),))
    with (tmp_path / "out.zip").open("wb") as out:
        bundle.write(out, many, rows, text("ja"))  # libraries are loaded
        out.seek(0)
        tracemalloc.start()
        bundle.write(out, many, rows, text("ja"))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 12 * MB
    assert (tmp_path / "out.zip").stat().st_size > 60 * MB, "control: together they are large"


def caught_value() -> TrapAction:
    return TrapAction(
        id="1",
        device="t",
        deed=ActionKind.CAPTURED,
        at=AT,
        by="taro",
        recorded_at=AT + timedelta(minutes=1),
    )


def test_a_local_day_is_the_municipalitys(county: County) -> None:
    act = msgspec.structs.replace(caught_value(), photos=(LATE,))
    found = captures([act], {}, lambda _: (Evidence(sent_sha256=LATE),), TOKYO)
    filed = claims.claims(found, {}, county.config.paperwork)
    table = capture_columns.table(filed, county.config.paperwork, text("ja"), TOKYO, {})
    assert dict(zip(table.columns, table.rows[0], strict=True))["捕獲日"] == date(2026, 10, 6)
