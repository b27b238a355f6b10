"""Photos over HTTP: who may send and see one, what is refused in which words, and the plain form."""

import hashlib
import re
from collections.abc import Iterator

import pytest

from dashboard.web.rights import routes
from gateway import app as service
from gateway.alerts.links import Links
from gateway.domain.model import TrapAction
from gateway.domain.traps.photo import Photo
from gateway.parts import links
from tests.dashboard.client import Answer, Client
from tests.dashboard.place import NOW
from tests.dashboard.rights.house import browsers, build
from tests.support import pictures

LARGE = b"\xff\xd8\xff\xe0" + bytes(60_000_000)
EDGE = "----edge"


def sum_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def address(data: bytes) -> str:
    return f"/photos/{sum_of(data)}"


def fresh(no: int) -> bytes:
    """A picture that no other test sends."""
    return pictures.picture(shade=10 + no)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[service.Gateway]:
    public = {"dashboard": {"tiles": "none", "public_url": "https://wall.example"}}
    people = {"people": [{"name": "a-trapper", "channels": ["console:"]}]}
    made = build(tmp_path_factory.mktemp("photos"), **public, **people)
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def clients(gateway: service.Gateway) -> Iterator[dict[str, Client]]:
    with browsers(service.pages(gateway, dict)) as found:
        yield found


def acts(gateway: service.Gateway, device: str) -> list[TrapAction]:
    return gateway.store.read_now(lambda r: r.acts(device))


def kept(gateway: service.Gateway) -> list[Photo]:
    return gateway.store.read_now(lambda r: r.photos.all())


def form(fields: dict[str, str], *files: bytes) -> tuple[bytes, dict[str, str]]:
    """The body of a plain form with file inputs, as a browser without JavaScript sends it."""
    lines = b""
    for name, value in fields.items():
        lines += (
            f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        )
    for data in files:
        head = 'Content-Disposition: form-data; name="photo_file"; filename="a.jpg"'
        lines += f"--{EDGE}\r\n{head}\r\nContent-Type: image/jpeg\r\n\r\n".encode() + data + b"\r\n"
    return lines + f"--{EDGE}--\r\n".encode(), {
        "content-type": f"multipart/form-data; boundary={EDGE}"
    }


def record(client: Client, device: str, fields: dict[str, str], *files: bytes) -> Answer:
    body, kind = form({"do": "captured", "species": "boar", **fields}, *files)
    return client.send("POST", f"/traps/{device}", body, kind)


def test_a_photo_is_put_at_the_address_of_its_content_and_is_there_afterwards(
    clients: dict[str, Client], gateway: service.Gateway
) -> None:
    sent, trapper = fresh(1), clients["trapper"]
    for _ in range(2):
        answer = trapper.send("PUT", address(sent), sent)
        assert answer.status_code == 200
        assert answer.json()["sha256"] == sum_of(sent)
        assert "保存しました" in answer.json()["text"]
    shown = trapper.get(address(sent))
    assert shown.status_code == 200
    assert sum_of(shown.content) == answer.json()["kept_sha256"]
    assert pictures.SECRET in sent
    assert pictures.SECRET not in shown.content
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in shown.headers["content-security-policy"]


REFUSED = {
    "60 MB": (LARGE, 413, "大きすぎます"),
    "SVG": (pictures.SVG, 415, "写真ではありません"),
    "HTML": (pictures.HTML, 415, "写真ではありません"),
    "cut": (pictures.picture()[:9000], 422, "途中で切れて"),
    "bomb": (pictures.bomb(), 422, "画素が多すぎます"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_photo_is_refused_in_plain_words_and_the_sender_hears_them(
    clients: dict[str, Client], gateway: service.Gateway, name: str
) -> None:
    data, status, words = REFUSED[name]
    before = kept(gateway)
    answer = clients["trapper"].send("PUT", address(data), data)
    assert answer.status_code == status
    assert words in answer.json()["text"]
    assert kept(gateway) == before


def test_content_that_is_not_that_of_the_address_is_refused(clients: dict[str, Client]) -> None:
    answer = clients["trapper"].send("PUT", address(fresh(2)), fresh(3))
    assert (answer.status_code, answer.json()["error"]) == (422, "other_content")


@pytest.mark.parametrize("name", ["x", "AB" * 32, "0" * 63, "..%2f..%2fetc%2fpasswd"])
def test_an_address_that_is_no_sha256_is_none(clients: dict[str, Client], name: str) -> None:
    assert clients["trapper"].send("PUT", f"/photos/{name}", fresh(2)).status_code == 404
    assert clients["trapper"].get(f"/photos/{name}").status_code == 404


def test_only_who_may_act_sends_and_only_who_may_see_the_trap_sees(
    clients: dict[str, Client], gateway: service.Gateway
) -> None:
    sent = fresh(4)
    for name in ("resident", "viewer", "installer"):
        assert clients[name].send("PUT", address(sent), sent).status_code == 403
    assert clients["anybody"].send("PUT", address(sent), sent).status_code == 401
    assert clients["official"].send("PUT", address(sent), sent).status_code == 200
    allowed = {"official"}  # who sent it
    for device, more in (("trap-far", {"installer", "admin"}), ("trap-own", {"trapper", "deputy"})):
        seen = {n for n, c in clients.items() if c.get(address(sent)).status_code == 200}
        assert seen == allowed, device
        found = record(clients["official"], device, {"photos": sum_of(sent), "once": device})
        assert found.status_code == 200
        allowed |= more
    seen = {n for n, c in clients.items() if c.get(address(sent)).status_code == 200}
    assert seen == allowed
    assert clients["anybody"].get(address(sent)).status_code == 401


def test_control_without_its_row_the_photo_is_shown_to_nobody(
    clients: dict[str, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = fresh(4)
    assert clients["official"].get(address(sent)).status_code == 200
    without = tuple(row for row in routes.ROUTES if not row.path.startswith("/photos"))
    monkeypatch.setattr(routes, "ROUTES", without)
    assert clients["official"].get(address(sent)).status_code == 404


def test_a_link_of_a_message_may_send_a_photo_and_a_forged_one_may_not(
    clients: dict[str, Client], gateway: service.Gateway
) -> None:
    sent, anybody = fresh(5), clients["anybody"]
    good = links(gateway).token("some-alert", "a-trapper", NOW)
    forged = Links("x" * 32).token("some-alert", "a-trapper", NOW)
    nobody = links(gateway).token("some-alert", "yamada", NOW)
    for token in (forged, nobody, "x"):
        answer = anybody.send("PUT", f"/a/{token}{address(sent)}", sent)
        assert answer.status_code == 404
    answer = anybody.send("PUT", f"/a/{good}{address(sent)}", sent)
    assert answer.status_code == 200
    [photo] = [one for one in kept(gateway) if one.sent_sha256 == sum_of(sent)]
    assert photo.by == "a-trapper"


def test_a_plain_form_records_the_capture_with_its_photos(
    clients: dict[str, Client], gateway: service.Gateway
) -> None:
    first, second = fresh(6), fresh(7)
    for _ in range(2):  # a thumb that taps twice
        answer = record(
            clients["trapper"], "trap-own", {"once": "plain", "count": "2"}, first, second, b""
        )
        assert answer.status_code == 200
        assert "記録しました" in answer.text
        assert "写真 2 枚を保存しました" in answer.text
    found = [act for act in acts(gateway, "trap-own") if sum_of(first) in act.photos]
    assert [(act.count, act.photos) for act in found] == [(2, (sum_of(first), sum_of(second)))]


def test_a_refused_photo_never_costs_the_record(
    clients: dict[str, Client], gateway: service.Gateway
) -> None:
    good, before = fresh(8), len(acts(gateway, "trap-own"))
    answer = record(
        clients["trapper"], "trap-own", {"once": "bad"}, LARGE, good, pictures.SVG, pictures.HTML
    )
    assert answer.status_code == 200
    assert "記録しました" in answer.text
    assert "写真 1 枚は保存できませんでした：大きすぎます" in answer.text
    assert "写真 2 枚は保存できませんでした：写真ではありません" in answer.text
    found = acts(gateway, "trap-own")
    assert len(found) == before + 1
    assert [act.photos for act in found if sum_of(good) in act.photos] == [(sum_of(good),)]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", f"multipart/form-data; boundary={EDGE}"),
        (b"nonsense", f"multipart/form-data; boundary={EDGE}"),
        (b"nonsense", "multipart/form-data"),
        (form({f"f{no}": "x" for no in range(200)})[0], f"multipart/form-data; boundary={EDGE}"),
        (form({"note": "x" * 5000})[0], f"multipart/form-data; boundary={EDGE}"),
    ],
)
def test_a_body_that_is_no_form_is_refused(
    clients: dict[str, Client], gateway: service.Gateway, body: bytes, kind: str
) -> None:
    before = len(acts(gateway, "trap-own"))
    answer = clients["trapper"].send("POST", "/traps/trap-own", body, {"content-type": kind})
    assert answer.status_code in {409, 422}
    assert len(acts(gateway, "trap-own")) == before


def test_a_photo_that_comes_after_its_record_is_awaited_until_then(
    clients: dict[str, Client], gateway: service.Gateway
) -> None:
    late = fresh(9)
    fields = {"once": "late", "photos": sum_of(late)}
    assert record(clients["trapper"], "trap-own", fields).status_code == 200
    page = clients["trapper"].get("/traps/trap-own").text
    assert "写真待ち 1 枚" in page
    assert address(late) not in page
    assert clients["trapper"].send("PUT", address(late), late).status_code == 200
    page = clients["trapper"].get("/traps/trap-own").text
    assert "写真待ち" not in page
    assert f'href="{address(late)}"' in page


def test_a_correction_keeps_the_photos_of_what_it_corrects(
    clients: dict[str, Client], gateway: service.Gateway
) -> None:
    sent = fresh(10)
    assert record(clients["official"], "trap-two", {"once": "deer"}, sent).status_code == 200
    [wrong] = acts(gateway, "trap-two")
    fields = {"once": "boar", "species": "boar", "replaces": wrong.id}
    for _ in range(2):
        assert record(clients["official"], "trap-two", fields).status_code == 200
    corrected = next(act for act in acts(gateway, "trap-two") if act.replaces == wrong.id)
    assert corrected.photos == wrong.photos == (sum_of(sent),)


def test_the_form_of_a_correction_brings_along_what_it_does_not_ask_and_takes_more_photos(
    clients: dict[str, Client], gateway: service.Gateway
) -> None:
    first, second = fresh(11), fresh(12)
    official = clients["official"]
    given = {"once": "full", "sex": "male", "age": "young", "weight_kg": "12.5", "note": "北"}
    place = {"position_lat": "32.7", "position_lon": "128.8", "position_accuracy_m": "9"}
    assert record(official, "trap-far", given | place, first).status_code == 200
    wrong = next(act for act in acts(gateway, "trap-far") if sum_of(first) in act.photos)
    page = official.get("/traps/trap-far").text
    part = page.split(f'name="replaces" value="{wrong.id}"')[-1].split("</form>")[0]
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', part))
    changed = {**hidden, "species": "deer", "replaces": wrong.id}
    assert record(official, "trap-far", changed, second).status_code == 200
    right = next(act for act in acts(gateway, "trap-far") if act.replaces == wrong.id)
    assert (right.species, right.photos) == ("deer", (sum_of(first), sum_of(second)))
    names = ("sex", "age", "weight_kg", "note", "position")
    assert [getattr(right, name) for name in names] == [getattr(wrong, name) for name in names]
