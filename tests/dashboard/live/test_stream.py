"""The stream of changes over real sockets: what it costs, how it ends, who must let go."""

import contextlib
import gzip
import socket
import time
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from dashboard.live import updates
from dashboard.live.streaming import changes, open_streams
from gateway.domain.model import Device, Kind, Role
from tests.dashboard.client import Client
from tests.dashboard.place import NOW, Place, ago, reading
from tests.dashboard.web.test_auth import HANA, PASSWORD
from tests.support.people import keep
from tests.support.processes.nginx import Nginx

HEARTBEAT_BYTES = 2_000
ASK = "GET /live?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n"
GZIP = "Accept-Encoding: gzip, deflate, br\r\n"


class Stream:
    """A reader of the stream: the bytes of its body as they came."""

    def __init__(self, url: str, query: str, more: str = "") -> None:
        host, port = url.removeprefix("http://").split(":")
        self._socket = socket.create_connection((host, int(port)), timeout=10)
        self._socket.sendall(ASK.format(query=query, more=more).encode())
        self._raw = b""
        while b"\r\n\r\n" not in self._raw:
            self._raw += self._socket.recv(65_536)
        self.head, _, self._raw = self._raw.partition(b"\r\n\r\n")
        self._unpack = zlib.decompressobj(31) if b"gzip" in self.head else None
        self.received = self.text = self._unread = b""
        self.ended = False
        self._take()

    def event(self, kind: str, within_s: float = 10.0) -> bytes:
        """The next whole event of a kind; others before it are passed over."""
        deadline = time.monotonic() + within_s
        while True:
            one, end, rest = self._unread.partition(b"\n\n")
            if end:
                self._unread = rest
                if one.startswith(f"event: {kind}\n".encode()):
                    return one
                continue
            self._receive(deadline)

    def read_to_end(self) -> None:
        """Until the answer is complete."""
        while not self.ended:
            self._receive(time.monotonic() + 10)

    def _receive(self, deadline: float) -> None:
        self._socket.settimeout(max(0.01, deadline - time.monotonic()))
        more = self._socket.recv(65_536)
        assert more, "the connection ended"
        self._raw += more
        self._take()

    def _take(self) -> None:
        """Take whole chunks (RFC 9112, 7.1)."""
        while b"\r\n" in self._raw:
            size, _, rest = self._raw.partition(b"\r\n")
            length = int(size, 16)
            if len(rest) < length + 2:
                return
            self.received += rest[:length]
            text = self._unpack.decompress(rest[:length]) if self._unpack else rest[:length]
            self.text += text
            self._unread += text
            self._raw, self.ended = rest[length + 2 :], length == 0

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Place]:
    """200 traps that are set."""
    place = Place(tmp_path)
    traps = [
        Device(
            id=f"trap-{n:03}",
            role=Role.TRAP,
            name=f"岐宿の沢 {n}号",
            area="岐宿",
            lat=32.66 + n / 9_000,
            lon=128.72,
        )
        for n in range(200)
    ]
    place.store.write_now(lambda tx: tx.put_devices(traps))
    place.hear(*(reading(t.id, Kind.SET, ago(minutes=40), battery_pct=88.0) for t in traps))
    yield place
    place.store.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """News are collected for a shorter time."""
    monkeypatch.setattr(updates, "COLLECT_S", 0.1)


def version_of(client: Client) -> str:
    return client.get("/traps").text.split('data-version="')[1].split('"')[0]


@pytest.mark.parametrize("more", [GZIP, ""], ids=["gzip", "plain"])
def test_a_heartbeat_costs_an_open_list_of_200_traps_less_than_2_kb(
    village: Place, more: str
) -> None:
    with village.served() as url:
        since = version_of(Client(url))
        page = Stream(url, f"since={since}&panel=traps&panel=alerts", more)
        page.event("tick")
        costs = []
        for number in range(5):
            before = len(page.received)
            village.hear(
                reading(f"trap-{number:03}", Kind.HEARTBEAT, ago(minutes=number), battery_pct=7.0)
            )
            assert f"trap-{number:03}".encode() in page.event("look")
            costs.append(len(page.received) - before)
        page.close()
    print(f"\nbytes of a heartbeat: {costs}")
    assert max(costs) < HEARTBEAT_BYTES


def test_the_whole_list_costs_more(village: Place) -> None:
    """The control: a page of another run is told everything."""
    with village.served() as url:
        page = Stream(url, "since=0&panel=traps&panel=alerts")
        page.event("look")
        page.close()
    assert len(page.received) > 10 * HEARTBEAT_BYTES


def test_a_stream_that_ends_is_a_whole_gzip_file(
    village: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_streams.OpenStreams.__init__, "__defaults__", (128, 1))
    with village.served() as url:
        first = Stream(url, "since=0&panel=traps", GZIP)
        first.event("look")
        village.hear(reading("trap-001", Kind.SPRUNG, NOW))
        first.event("look")
        second = Stream(url, "since=0&panel=traps", GZIP)
        first.event("let-go")
        first.read_to_end()
        assert gzip.decompress(first.received) == first.text
        first.close()
        second.close()


def test_who_does_not_take_gzip_gets_plain_text(village: Place) -> None:
    with village.served() as url:
        for refusal in ("", "Accept-Encoding: br\r\n", "Accept-Encoding: gzip;q=0\r\n"):
            page = Stream(url, "since=0&panel=traps", refusal)
            assert b"content-encoding" not in page.head.lower()
            assert page.event("look").startswith(b"event: look\nid: ")
            page.close()


def test_a_page_without_changes_gets_a_sign_of_life(
    village: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "MAX_AGE_S", 0.2)
    monkeypatch.setattr(changes, "TICK_S", 0.3)
    with village.served() as url:
        page = Stream(url, f"since={version_of(Client(url))}&panel=traps")
        page.event("tick")
        for _ in range(3):
            village.now += timedelta(seconds=1)
            page.event("tick")
        page.close()


def test_a_stream_ends_with_its_session(village: Place) -> None:
    keep(village.store, HANA)
    with village.served() as url:
        client = Client(url)
        assert client.post("/login", {"name": "hana", "password": PASSWORD}).status_code == 303
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        page = Stream(url, f"since={version_of(client)}&panel=traps", f"Cookie: {cookies}\r\n")
        page.event("tick")
        village.hear(reading("trap-001", Kind.SPRUNG, ago(seconds=2)))
        page.event("look")
        assert client.post("/logout").status_code == 303
        village.hear(reading("trap-002", Kind.SPRUNG, ago(seconds=1)))
        page.read_to_end()
        page.close()
    assert page.text.count(b"event: look") == 1


def test_signs_of_life_come_well_within_the_silence_that_a_page_takes_for_old() -> None:
    assert changes.TICK_S + updates.MAX_AGE_S + 2 * 2.0 < 35


def test_the_oldest_stream_of_a_reader_lets_go_and_others_keep_theirs() -> None:
    streams = open_streams.OpenStreams(most=6, per_reader=3)
    with contextlib.ExitStack() as stack:
        hana = stack.enter_context(streams.place("hana"))
        ken = [stack.enter_context(streams.place("ken")) for _ in range(5)]
        assert [one.lets_go.is_set() for one in ken] == [True, True, False, False, False]
        assert not hana.lets_go.is_set()
        others = [stack.enter_context(streams.place(f"other-{n}")) for n in range(3)]
        assert len(streams) == 6
        assert [one.lets_go.is_set() for one in ken] == [True, True, True, False, False]
        assert not any(one.lets_go.is_set() for one in (hana, *others))
    assert len(streams) == 0


def test_a_list_of_5000_traps_is_small_and_soon_there(village: Place) -> None:
    traps = [
        Device(
            id=f"big-{n:04}",
            role=Role.TRAP,
            name=f"富江の尾根 {n}号",
            area="富江",
            lat=32.60 + (n % 70) / 900,
            lon=128.7 + n / 50_000,
        )
        for n in range(4_800)
    ]
    village.store.write_now(lambda tx: tx.put_devices(traps))
    village.hear(*(reading(t.id, Kind.SET, ago(minutes=40), battery_pct=88.0) for t in traps))
    with village.served() as url:
        client = Client(url)
        for path, most in (
            ("/traps", 60_000),
            ("/traps?page=50", 60_000),
            ("/traps?q=4321", 60_000),
            ("/", 150_000),
        ):
            village.hear(reading("trap-001", Kind.HEARTBEAT, ago(minutes=30)))
            began = time.monotonic()
            answer = client.get(path, headers={"accept-encoding": "gzip"})
            took_s, size = time.monotonic() - began, len(answer.content)
            print(f"\n{path}: {size} bytes after {took_s:.2f} s")
            assert answer.headers["content-encoding"] == "gzip"
            assert size < most
            assert took_s < 5  # this machine may be busy; alone it is under 1 s
        assert "富江の尾根 4321号" in client.get("/traps", params={"q": "4321"}).text


@pytest.mark.real
@pytest.mark.parametrize(
    "lines",
    ["", "proxy_http_version 1.1;", "gzip on; gzip_proxied any; gzip_types text/event-stream;"],
    ids=["as installed", "HTTP/1.1", "compressing"],
)
@pytest.mark.parametrize("more", [GZIP, ""], ids=["gzip", "plain"])
def test_a_proxy_hands_each_event_on_at_once(
    village: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str, more: str
) -> None:
    monkeypatch.setattr("dashboard.web.auth.is_forwarded", lambda _: False)
    with village.served() as url, Nginx(tmp_path / "nginx", url, lines) as nginx:
        page = Stream(nginx.url, f"since={version_of(Client(url))}&panel=traps", more)
        page.event("tick", within_s=5)
        for number in range(3):
            village.hear(reading(f"trap-{number:03}", Kind.SPRUNG, ago(seconds=number)))
            assert f"trap-{number:03}".encode() in page.event("look", within_s=5)
        page.close()
