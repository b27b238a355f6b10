"""The page of imports: a file is looked at before anything is written, then imported, and can be undone."""

import io
import re
import zipfile
from pathlib import Path

import pytest

from dashboard.office.imports import uploads, worker
from dashboard.office.imports.job import Job, JobAnswer, Step
from dashboard.office.imports.process import ImportProcess
from gateway import app as service
from gateway.domain.errors import BadInputError
from gateway.ingest.tables.text_file import TableError
from gateway.store.imports.record import ImportKind, ImportRecord
from tests.dashboard.client import Answer, Client
from tests.gateway.ingest.files.packages import files

SIGHTINGS = "令和7年度目撃一覧,,,,\n出没日,時刻,獣種,緯度,経度\nR7.10.1,午後三時ごろ,イノシシ,32.69,128.84\n"
BOUNDARY = "x-boundary"


def packed() -> bytes:
    """A small package as a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        for name, data in files().items():
            zipped.writestr(f"package/{name}", data)
    return out.getvalue()


def send(client: Client, kind: str, name: str, data: bytes) -> Answer:
    head = 'Content-Disposition: form-data; name="{}"'
    body = (
        f"--{BOUNDARY}\r\n{head.format('kind')}\r\n\r\n{kind}\r\n"
        f'--{BOUNDARY}\r\n{head.format("file")}; filename="{name}"\r\n\r\n'
    ).encode()
    body += data + f"\r\n--{BOUNDARY}--\r\n".encode()
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return client.send("POST", "/imports", body, headers)


def token_in(page: str) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{32})"', page)
    assert found is not None
    return found[1]


def imports(gateway: service.Gateway) -> list[ImportRecord]:
    return gateway.store.read_now(lambda reader: reader.imports.latest())


def test_a_package_is_looked_at_then_imported_then_undone(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    client, before = readers["official"], len(imports(gateway))
    page = send(client, "camtrapdp", "goto.zip", packed())
    assert page.status_code == 200
    assert "五島の試験" in page.text
    assert len(imports(gateway)) == before, "a look writes nothing"
    form = {"token": token_in(page.text), "kind": "camtrapdp", "name": "goto.zip"}
    assert client.post("/imports/take", form).status_code == 303
    newest = imports(gateway)[0]
    assert (newest.file, newest.by, newest.counts["events_new"]) == ("goto.zip", "a-official", 10)
    assert client.post("/imports/take", form).status_code == 409, "the file is gone"
    assert client.post("/imports/undo", {"id": newest.id}).status_code == 303
    assert imports(gateway)[0].undone_by == "a-official"
    assert client.post("/imports/undo", {"id": newest.id}).status_code == 409
    assert "goto.zip" in client.get("/imports").text


def test_a_table_is_shown_with_its_columns_as_understood(readers: dict[str, Client]) -> None:
    page = send(readers["official"], "sightings", "list.csv", SIGHTINGS.encode("utf-16")).text
    assert '<option value="出没日" selected>' in page
    assert "午後三時ごろ" in page
    assert "utf-16" in page


@pytest.mark.parametrize(
    "role", ["anybody", "resident", "viewer", "trapper", "deputy", "installer"]
)
def test_nobody_else_imports_or_undoes(
    gateway: service.Gateway, readers: dict[str, Client], role: str
) -> None:
    before = imports(gateway)
    assert send(readers[role], "camtrapdp", "x.zip", packed()).status_code in {303, 403}
    assert readers[role].post("/imports/take", {"token": "a" * 32}).status_code in {303, 403}
    assert readers[role].post("/imports/undo", {"id": "x"}).status_code in {303, 403}
    assert imports(gateway) == before


def test_a_file_that_is_too_large_is_refused_and_not_kept(
    gateway: service.Gateway, readers: dict[str, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 1_000)
    assert send(readers["official"], "damage", "x.csv", b"x" * 1_001).status_code == 413
    folder = Path(gateway.config.store.path).parent / "imports"
    assert all(one.stat().st_size <= 1_000_000 for one in folder.iterdir())


def test_only_a_few_files_wait(
    gateway: service.Gateway, readers: dict[str, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(*_: object) -> JobAnswer:
        return JobAnswer()

    monkeypatch.setattr(ImportProcess, "run", answer)
    for _ in range(uploads.MAX_FILES + 2):
        send(readers["official"], "damage", "x.csv", b"x")
    folder = Path(gateway.config.store.path).parent / "imports"
    assert len(list(folder.iterdir())) == uploads.MAX_FILES


def job(folder: Path, name: str, data: bytes, **changed: object) -> Job:
    (folder / name).write_bytes(data)
    values: dict[str, object] = {
        "step": Step.LOOK,
        "database": str(folder / "test.db"),
        "zone": "Asia/Tokyo",
        "by": "hana",
        "memory_mb": 300,
        "kind": ImportKind.SIGHTINGS,
        "path": str(folder / name),
        "name": name,
    }
    return Job(**(values | changed))  # type: ignore[arg-type]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("xl/workbook.xml", b"<workbook/>")
        zipped.writestr("xl/worksheets/sheet1.xml", b"0" * 70_000_000)
    with pytest.raises(TableError, match="中身が大きすぎます"):
        worker.do(job(tmp_path, "bomb.xlsx", out.getvalue()))


def test_a_million_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="1,000,000 columns"):
        worker.do(job(tmp_path, "wide.csv", b"c," * 999_999 + b"c\n1,2,3\n"))


def test_columns_that_somebody_chose_win(tmp_path: Path) -> None:
    table = SIGHTINGS.replace("出没日", "いつ").encode()
    guessed = worker.do(job(tmp_path, "list.csv", table))
    assert "choose the column of the day" in guessed.refusal
    assert "いつ" in guessed.header, "the header below the title can be chosen from"
    chosen = {"date": "いつ", "lat": "緯度", "lon": "経度", "species": "獣種"}
    found = worker.do(job(tmp_path, "list.csv", table, columns=chosen))
    assert (found.refusal, found.figures["sightings"]) == ("", "1")


def test_what_is_no_package_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadInputError):
        worker.do(job(tmp_path, "x.zip", b"no zip", kind=ImportKind.CAMTRAPDP))
