"""The form for residents: small, without account or cookie, each report once, the answer by its link."""

import re
from pathlib import Path

import pytest

from dashboard.public.report.form import SCRIPTS, STYLE
from dashboard.web.browser.versions import content_of
from gateway import app as service
from gateway.domain.reports.life import ReportChange, Wish
from gateway.domain.reports.report import Report
from gateway.ingest.reports import changing
from tests.dashboard.client import Client
from tests.dashboard.place import NOW
from tests.dashboard.public.report.sending import JSON, PLACE, WORDS, new, send
from tests.dashboard.rights.house import browsers, build
from tests.support import pictures

MOST_BYTES = 40_000


def stored(gateway: service.Gateway) -> list[Report]:
    return gateway.store.read_now(lambda reader: reader.reports.newest())


def act(gateway: service.Gateway, id_: str, change: ReportChange, text: str = "") -> None:
    wish = Wish(change, "a-official", NOW, text)
    gateway.store.write_now(lambda tx: changing.act(tx, id_, wish, gateway.policy))


def test_the_form_with_all_that_it_loads_is_smaller_than_40_kb(readers: dict[str, Client]) -> None:
    page = readers["anybody"].get("/report", headers={"accept-encoding": "identity"})
    loaded = re.findall(r'(?:src|href)="(/static/[^"?]+)', page.text)
    assert sorted(loaded) == sorted(f"/static/{name}" for name in (*SCRIPTS, STYLE))
    worker = readers["anybody"].get("/report/sw.js")
    files = sum(len(content_of(name)) for name in (*SCRIPTS, STYLE))
    assert 10_000 < len(page.content) + len(worker.content) + files < MOST_BYTES


def test_the_form_is_japanese_first_and_the_same_for_everybody(readers: dict[str, Client]) -> None:
    client = Client(f"http://{readers['anybody'].host}")
    page = client.get("/report")
    assert "どこですか" in page.text
    assert "0959-00-0000" in page.text
    assert 'lang="ja"' in page.text
    assert "What happened?" in client.get("/report", {"lang": "en"}).text


def test_a_browser_without_script_sends_the_form_and_comes_to_its_answer(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    client = Client(f"http://{readers['anybody'].host}")
    page = client.get("/report").text
    given = dict(re.findall(r'name="(id|token)" value="(\w+)"', page))
    answer = client.post("/report", new(**given))
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/report/r/{given['token']}"
    assert "受付" in client.get(answer.headers["location"]).text
    assert client.cookies == {}, "nobody is followed"
    [report] = stored(gateway)
    assert (report.species, report.lat, report.contact) == ("boar", PLACE[0], "090-1111-2222")


def test_a_report_sent_again_after_a_lost_answer_is_one(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    report = new()
    results = [send(readers["anybody"], report).json()["result"] for _ in range(10)]
    assert results == ["recorded", *["repeated"] * 9]
    assert len(stored(gateway)) == 1


def test_the_reporter_sees_received_in_progress_and_done_with_the_answer(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    report, client = new(), readers["anybody"]
    send(client, report)
    address = f"/report/r/{report['token']}"
    assert "受付" in client.get(address).text
    act(gateway, report["id"], ReportChange.TAKE_UP)
    assert "対応中" in client.get(address).text
    act(gateway, report["id"], ReportChange.CLOSE, "わなを置きました")
    page = client.get(address)
    assert "済" in page.text
    assert "わなを置きました" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"


def test_whoever_was_merged_sees_the_answer_to_the_first_and_nothing_of_the_others(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    first, second, client = new(), new(note="畑にいた"), readers["anybody"]
    send(client, first)
    send(client, second)
    act(gateway, first["id"], ReportChange.CLOSE, "追い払いました")
    page = client.get(f"/report/r/{second['token']}").text
    assert "追い払いました" in page
    assert "2 件" in page
    assert WORDS not in page
    assert first["id"] not in page


@pytest.mark.parametrize("token", ["x", "0" * 64, "A" * 64, "%00"])
def test_a_link_that_is_none_is_answered_as_one_that_never_was(
    readers: dict[str, Client], token: str
) -> None:
    assert readers["anybody"].get(f"/report/r/{token}").status_code == 404


def test_the_id_of_a_report_does_not_open_its_answer(readers: dict[str, Client]) -> None:
    report, thief = new(), new()
    send(readers["anybody"], report)
    said = send(readers["anybody"], report | {"token": thief["token"]})
    assert said.json()["result"] == "repeated"
    assert readers["anybody"].get(f"/report/r/{thief['token']}").status_code == 404
    assert readers["anybody"].get(f"/report/r/{report['id']}").status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [("lat", ""), ("lat", "NaN"), ("kind", "capture"), ("at", "2031-01-01T00:00"), ("id", "7")],
)
def test_what_cannot_be_right_is_refused_in_words_and_keeps_the_typed_text(
    gateway: service.Gateway, readers: dict[str, Client], field: str, value: str
) -> None:
    said = send(readers["anybody"], new(**{field: value}))
    assert (said.status_code, said.json()["result"]) == (422, "refused")
    page = readers["anybody"].post("/report", new(**{field: value}))
    assert page.status_code == 422
    assert f'value="{WORDS}"' in page.text
    assert stored(gateway) == []


def test_photos_are_kept_without_what_the_camera_wrote_and_a_bad_one_does_not_cost_the_report(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    report = new()
    said = send(readers["anybody"], report, pictures.picture(shade=60), pictures.HTML)
    assert said.status_code == 200
    assert "写真1枚" in said.json()["text"]
    [one] = stored(gateway)
    photo = gateway.store.read_now(lambda reader: reader.photos.find(one.photos[0]))
    assert photo
    kept = gateway.photos.files.read(photo.kept_sha256)
    assert kept
    assert pictures.SECRET not in kept


def test_bodies_that_are_no_form_are_refused(readers: dict[str, Client]) -> None:
    client = readers["anybody"]
    for body, kind in (
        (b"{}", "application/json"),
        (b"a=" + b"x" * 60_000, "application/x-www-form-urlencoded"),
        (b"--x\r\n", "multipart/form-data"),
        (b"nonsense", "multipart/form-data; boundary=x"),
    ):
        assert client.send("POST", "/report", body, {"content-type": kind} | JSON).status_code in {
            400,
            422,
        }


def test_where_reports_are_off_there_is_no_such_page(tmp_path: Path) -> None:
    gateway = build(tmp_path)
    with browsers(service.pages(gateway, dict)) as found:
        for path in ("/report", "/report/sw.js", "/report/published", f"/report/r/{'0' * 64}"):
            assert found["anybody"].get(path).status_code == 404
        assert send(found["anybody"], new()).status_code == 404
    gateway.store.close()
