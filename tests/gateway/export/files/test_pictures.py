"""Pictures of cameras in a package: by the standard's rules, never of people, never in a public one."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.domain.model import Device, Role
from gateway.domain.pictures.naming import NOTHING
from gateway.export.files import camtrapdp
from gateway.export.files.camtrapdp import PackageInfo
from gateway.export.files.camtrapdp_pictures import FieldPictures
from gateway.ingest.pictures import naming
from gateway.ingest.pictures.arrival import CameraFacts
from tests.gateway.export.files import standard
from tests.gateway.export.files.standard import rows
from tests.gateway.ingest.pictures.station import NOW, Station
from tests.gateway.ingest.pictures.test_naming import POLICY
from tests.support import pictures
from tests.support.samples import TOKYO

PLACED = Device(
    id="kita-3", role=Role.DETECTOR, name="北の沢", lat=32.69, lon=128.84, heartbeat_s=86_400
)
NAMES = ("boar", NOTHING, "person", None)


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Station:
    """Four pictures an hour apart: a boar, nothing, a person, and one without a name."""
    made = Station(tmp_path_factory.mktemp("field"))
    made.store.write_now(lambda tx: tx.put_devices([PLACED]))
    for number, name in enumerate(NAMES):
        local = (NOW - timedelta(hours=9 - number)).astimezone(TOKYO).isoformat()
        picture = made.take(
            pictures.picture(width=200, height=160, shade=number), facts=CameraFacts(local)
        )
        assert picture is not None
        if name:
            event = (picture.device, picture.event)
            made.store.write_now(
                lambda tx, event=event, name=name: naming.name(  # type: ignore[misc]
                    tx, [event], name, "goto", f"goto:{name}", made.now, POLICY
                )
            )
    made.make()
    (made.folder / "s.toml").write_text(
        f'[site]\nname = "goto"\n[store]\npath = "{made.store.path}"\ndisk_reserve_mb = 0\n'
    )
    made.store.close()
    return made


def export(station: Station, out: Path, *more: str) -> Result:
    config = str(station.folder / "s.toml")
    args = ["export", "camtrapdp", "--out", str(out), "--config", config, *more]
    return CliRunner().invoke(app, args)


def files_of(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}


def test_pictures_are_media_of_their_deployment_and_valid_by_the_standard(
    station: Station, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = export(station, out, "--exact", "--pictures")
    assert result.exit_code == 0, result.output
    files = files_of(out)
    assert standard.troubles(files) == []
    [deployment] = rows(files, "deployments")
    media = rows(files, "media")
    assert len(media) == 3, "all but that of a person"
    for row in media:
        data = (out / row["filePath"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row["fileName"].removesuffix(".jpg")
        assert (row["deploymentID"], row["filePublic"]) == (deployment["deploymentID"], "false")
        assert pictures.SECRET not in data
    assert len(list((out / "media").iterdir())) == 3
    found = {
        (row["observationType"], row["scientificName"], row["classificationMethod"])
        for row in rows(files, "observations")
    }
    assert found == {
        ("animal", "Sus scrofa", "human"),
        ("human", "Homo sapiens", "human"),
        ("unknown", "", "machine"),
    }, "a picture of nothing is no observation"


def test_a_public_package_has_no_picture(station: Station, tmp_path: Path) -> None:
    assert export(station, tmp_path / "a", "--pictures").exit_code == 1
    assert export(station, tmp_path / "b").exit_code == 0
    assert rows(files_of(tmp_path / "b"), "media") == []
    assert not (tmp_path / "b" / "media").exists()
    about = PackageInfo("t", "t", "t", NOW)
    picture: dict[str, FieldPictures] = {"kita-3": FieldPictures()}
    with pytest.raises(ValueError, match="not for publication"):
        camtrapdp.package([PLACED], lambda _: [], about, pictures=picture)


def test_a_picture_that_is_not_what_was_kept_is_left_out_and_told(
    station: Station, tmp_path: Path
) -> None:
    whole = tmp_path / "whole"
    export(station, whole, "--exact", "--pictures")
    id_ = rows(files_of(whole), "media")[0]["mediaID"]
    changed = station.folder / "camera-pictures" / "kept" / id_[:2] / f"{id_}.jpg"
    data = changed.read_bytes()
    changed.write_bytes(data + b"x")
    try:
        result = export(station, tmp_path / "out", "--exact", "--pictures")
    finally:
        changed.write_bytes(data)
    assert result.exit_code == 0
    assert "1 pictures left out" in result.output
    assert len(rows(files_of(tmp_path / "out"), "media")) == 2
