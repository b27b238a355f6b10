"""A region in memory that speaks the protocol over real sockets, with faults on demand.

Owns what it has taken: by key the record with the highest version, as the real receiver keeps it. It knows
nothing of rights.
"""

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gateway.region.protocol import (
    STATUS,
    Answer,
    BadBlockError,
    Block,
    DayCount,
    Digest,
    Lane,
    Request,
    Trouble,
    decode_block,
    encode_answer,
)

KEYS: dict[str, tuple[str, ...]] = {
    "events": ("device", "id"),
    "devices": ("id",),
    "actions": ("id",),
    "alerts": ("id",),
    "hours": ("device", "at"),
    "days": ("device", "at"),
    "agreements": ("id",),
    "answers": ("id",),
}


def day_of(at_ms: int) -> int:
    """The local day of Tokyo."""
    return (at_ms + 9 * 3_600_000) // 86_400_000


Fault = Callable[[Block | None], int]
"""What happens to a request (None: a GET): a status instead of the answer, CUT_BEFORE, CUT_AFTER or 0."""
CUT_BEFORE, CUT_AFTER = -1, -2


class FakeRegion:
    """What one town has sent."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.requests: list[Request] = []
        self.fault: Fault = lambda _: 0
        self.detail = "a fault of the test"
        self.retry_after = ""
        self.lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Rebuilt empty."""
        self.kept: dict[str, dict[tuple[object, ...], tuple[int, Any]]] = {n: {} for n in KEYS}
        self.upto: dict[str, int] = {}
        self.journals: dict[tuple[str, str], str] = {}
        self.version = 0
        self.town: Any = None

    def rows(self, name: str) -> dict[tuple[object, ...], Any]:
        """The records of one kind by key."""
        return {key: record for key, (_, record) in self.kept[name].items()}

    def take(self, block: Block) -> Answer:
        """Keep a block, or say why not."""
        known = self.upto.get(block.journal, 0)
        if block.session < self.version >> 28:
            return Answer(upto=known, version=self.version, error=Trouble.SUPERSEDED)
        if block.lane is Lane.JOURNAL and block.after > known:
            return Answer(upto=known, version=self.version, error=Trouble.GAP)
        self.blocks.append(block)
        for name, fields in KEYS.items():
            for record in getattr(block, name):
                key = tuple(getattr(record, field) for field in fields)
                if block.version >= self.kept[name].get(key, (0, None))[0]:
                    self.kept[name][key] = block.version, record
            if name == "events":
                self.journals |= {(e.device, e.id): block.journal for e in block.events}
        self.town = block.town or self.town
        self.version = max(self.version, block.version)
        self.upto[block.journal] = max(known, block.up_to)
        answered = {record.id for record in block.answers}
        self.requests = [one for one in self.requests if one.id not in answered]
        return self.answer(block.journal)

    def digest(self, journal: str, days: range, after: int) -> Digest:
        """Its counts, as the real receiver makes them; all times are of Tokyo."""
        found: dict[tuple[int, str], list[int]] = {}

        def add(day: int, what: str, *sums: int) -> None:
            if day in days:
                had = found.setdefault((day, what), [0] * len(sums))
                found[day, what] = [a + b for a, b in zip(had, sums, strict=True)]

        for one in self.rows("events").values():
            if one.no > after and self.journals[one.device, one.id] == journal:
                add(
                    day_of(one.observed_ms), f"event.{one.kind}", 1, one.observed_ms, one.count or 0
                )
        for one in self.rows("actions").values():
            add(day_of(one.at_ms), "action", 1, one.counts, one.counts * (one.count or 0))
        for one in self.rows("alerts").values():
            told = one.acknowledged_ms is not None, one.resolved_ms is not None
            add(day_of(one.opened_ms), "alert", 1, *told)
        for what, unit in (("hours", 3_600_000), ("days", 0)):
            for one in self.rows(what).values():
                seen = [sum(s[n] for s in one.sightings) for n in (1, 2, 3)]
                day = day_of(one.at * unit) if unit else one.at
                add(day, what[:-1], one.alive_ms, one.armed_ms, *seen)
        devices = list(self.rows("devices").values())
        approved = sum(one.standing == "approved" for one in devices)
        counts = [
            DayCount(day, what, tuple(sums)) for (day, what), sums in found.items() if any(sums)
        ]
        counts.append(DayCount(0, "device", (len(devices), approved)))
        return Digest(upto=self.upto.get(journal, 0), days=tuple(counts))

    def answer(self, journal: str) -> Answer:
        """What it knows."""
        known = self.upto.get(journal, 0)
        return Answer(upto=known, version=self.version, requests=tuple(self.requests))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    region: FakeRegion

    def do_GET(self) -> None:
        asked = {name: value[0] for name, value in parse_qs(urlsplit(self.path).query).items()}
        journal = asked["journal"]
        if "from" not in asked:
            self._reply(None, lambda: self.region.answer(journal))
            return
        days = range(int(asked["from"]), int(asked["to"]))
        self._reply(None, lambda: self.region.digest(journal, days, int(asked["after"])))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            block = decode_block(body)
        except BadBlockError as error:
            trouble, detail = error.trouble, str(error)
            self._send(STATUS[trouble], Answer(error=trouble, detail=detail))
            return
        self._reply(block, lambda: self.region.take(block))

    def _reply(self, block: Block | None, act: Callable[[], Answer | Digest]) -> None:
        with self.region.lock:
            fault = self.region.fault(block)
            answer = act() if fault in {0, CUT_AFTER} else Answer()
        if fault < 0:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.close()
            return
        if fault:
            self._send(fault, Answer(error="fault", detail=self.region.detail))
            return
        error = answer.error if isinstance(answer, Answer) else ""
        self._send(STATUS[Trouble(error)] if error else 200, answer)

    def _send(self, status: int, answer: Answer | Digest) -> None:
        body = encode_answer(answer)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if self.region.retry_after:
            self.send_header("Retry-After", self.region.retry_after)
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Listening(ThreadingHTTPServer):
    """The server; ended connections are no errors of it."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: the uplink is what is tested."""


@contextlib.contextmanager
def listening(
    region: FakeRegion, port: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    """The region's address while it listens."""
    handler = type("Handler", (_Handler,), {"region": region})
    server = Listening(("127.0.0.1", port), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    scheme = "https" if tls else "http"
    try:
        yield f"{scheme}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def as_json(value: object) -> str:
    """A record as one text, to look for words in it."""
    return json.dumps(value, default=str, ensure_ascii=False)
