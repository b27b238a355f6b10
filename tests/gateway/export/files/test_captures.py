"""Captures with their photos in a package: by the standard's rules, whole, and never in a public one."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.config import load
from gateway.domain.effort import CAPTURE_TRAP
from gateway.domain.model import ActionKind, Device, Event, Kind, Role, TimeQuality, TrapAction
from gateway.domain.traps.photo import Photo
from gateway.export.files import camtrapdp, camtrapdp_captures
from gateway.export.files.camtrapdp import PackageInfo
from gateway.export.files.camtrapdp_captures import Capture
from gateway.ingest.files.camtrapdp import package as importer
from gateway.ingest.photos.keeping import PhotoKeeper
from gateway.store import Store
from tests.gateway.export.files import standard
from tests.gateway.export.files.standard import rows
from tests.support import pictures
from tests.support.samples import TOKYO

AT = datetime(2026, 10, 5, 22, tzinfo=UTC)
TRAP = Device(id="trap-1", role=Role.TRAP, name="沢のわな", lat=32.6903, lon=128.8411)
LATE = "ab" * 32


def act(no: int, **facts: object) -> TrapAction:
    at = AT + timedelta(minutes=no)
    return TrapAction(
        id=str(no),
        device="trap-1",
        deed=ActionKind.CAPTURED,
        at=at,
        by="taro",
        recorded_at=at,
        species="boar",
        **facts,  # type: ignore[arg-type]
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A site with three captures: with a photo, with one that is awaited, and one that was corrected."""
    file = tmp_path / "shishigaki.toml"
    file.write_text(f'[store]\npath = "{tmp_path / "a.db"}"\ndisk_reserve_mb = 0\n')
    store = Store(tmp_path / "a.db", TOKYO)

    async def pieces() -> AsyncIterator[bytes]:
        yield pictures.picture(shade=51)

    keeper = PhotoKeeper(store, load(file, {}), lambda: AT)
    photo = asyncio.run(keeper.keep(pieces(), "taro"))
    store.write_now(lambda tx: tx.put_devices([TRAP]))
    for one in (
        act(1, photos=(photo.sent_sha256, LATE), sex="female", age="young", count=2),
        act(2),
        msgspec.structs.replace(act(3), species="deer", replaces="2", photos=(photo.sent_sha256,)),
    ):
        store.write_now(lambda tx, one=one: tx.acts.add(one))  # type: ignore[misc]
    store.close()
    return file


def export(config: Path, out: Path, *more: str) -> Result:
    args = ["export", "camtrapdp", "--out", str(out), "--config", str(config), *more]
    return CliRunner().invoke(app, args)


def files_of(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}


def test_captures_and_photos_are_in_the_offices_package_and_valid_by_the_standard(
    config: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = export(config, out, "--exact", "--captures")
    assert result.exit_code == 0, result.output
    assert "1 photos left out" in result.output
    files = files_of(out)
    assert standard.troubles(files) == []
    first, second = rows(files, "observations")
    assert (first["scientificName"], first["count"], first["sex"], first["lifeStage"]) == (
        "Sus scrofa",
        "2",
        "female",
        "juvenile",
    )
    assert second["scientificName"] == "Cervus nippon", "the corrected one counts, once"
    [deployment] = rows(files, "deployments")
    assert deployment["deploymentTags"] == CAPTURE_TRAP
    for row in rows(files, "media"):
        data = (out / row["filePath"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row["fileName"].removesuffix(".jpg")
        assert row["fileName"].removesuffix(".jpg") in row["mediaComments"]
        assert row["filePublic"] == "false"
        assert b"Exif" not in data
        assert pictures.SECRET not in data
    assert len(rows(files, "media")) == 2


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_photo_that_is_not_what_was_kept_is_left_out_and_told(
    config: Path, tmp_path: Path, damage: str
) -> None:
    [path] = (tmp_path / "trap-photos").rglob("*.jpg")
    if damage == "changed":
        path.write_bytes(b"another")
    else:
        path.unlink()
    result = export(config, tmp_path / "out", "--exact", "--captures")
    assert result.exit_code == 0
    assert "2 photos left out" in result.output
    assert rows(files_of(tmp_path / "out"), "media") == []
    assert not (tmp_path / "out" / "media").exists()


def test_a_public_package_never_holds_a_capture_or_a_photo(config: Path, tmp_path: Path) -> None:
    refused = export(config, tmp_path / "out", "--captures")
    assert refused.exit_code == 1
    assert "--exact" in refused.output
    assert not (tmp_path / "out").exists()
    found = camtrapdp_captures.rows([Capture(TRAP, act(1))])
    about = PackageInfo("t", "n", "p", AT)
    with pytest.raises(ValueError, match="not for publication"):
        camtrapdp.package([], lambda _: [], about, found)
    exact = msgspec.structs.replace(about, exact=True)
    assert camtrapdp.package([], lambda _: [], exact, found), (
        "control: with exact places it is made"
    )


def test_an_import_takes_no_trap_for_a_camera(photo: Photo) -> None:
    camera = Device(id="cam-1", role=Role.DETECTOR, lat=32.7, lon=128.8)
    beats = [
        Event(
            id=str(n),
            device="cam-1",
            kind=Kind.HEARTBEAT,
            observed_at=AT + timedelta(minutes=n),
            received_at=AT,
            time_quality=TimeQuality.SYNCED,
        )
        for n in range(0, 60, 20)
    ]
    exact = PackageInfo("t", "n", "p", AT, exact=True)
    found = camtrapdp_captures.rows([Capture(TRAP, act(1), (photo,))])
    files = camtrapdp.package([camera], lambda _: beats, exact, found)
    package = importer.parse(files.__getitem__, TOKYO, AT + timedelta(days=9))
    assert [one.id for one in package.devices] == ["cam-1-1"]
    assert package.left_out == {CAPTURE_TRAP: 1}
    untagged = {name: data.replace(CAPTURE_TRAP.encode(), b"") for name, data in files.items()}
    package = importer.parse(untagged.__getitem__, TOKYO, AT + timedelta(days=9))
    assert len(package.devices) == 2, "control: without the tag it would be one"


@pytest.fixture
def photo() -> Photo:
    return Photo(
        sent_sha256="a" * 64,
        kept_sha256="b" * 64,
        sent_bytes=1,
        kept_bytes=1,
        width=1,
        height=1,
        by="taro",
        received_at=AT,
    )


def test_two_captures_at_one_moment_with_one_photo_have_ids_of_their_own(photo: Photo) -> None:
    twice = [Capture(TRAP, msgspec.structs.replace(act(1), id=id_), (photo,)) for id_ in "ab"]
    exact = PackageInfo("t", "n", "p", AT, exact=True)
    files = camtrapdp.package([], lambda _: [], exact, camtrapdp_captures.rows(twice))
    assert standard.troubles(files) == []
    assert "taro" not in b"".join(files.values()).decode(), "no person is named"
