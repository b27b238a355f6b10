"""A provider on the loopback whose answers a test decides: what it accepted, and when."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from msgspec import Struct

Answer = tuple[int, dict[str, str], bytes]
OK: Answer = (200, {"Content-Type": "application/json", "X-Line-Request-Id": "r1"}, b"{}")
PORTAL: Answer = (302, {"Location": "/login"}, b"")
PAGE: Answer = (200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html>Wi-Fi login</html>")
FULL: Answer = (429, {"Retry-After": "7"}, b'{"message":"slow down"}')
BROKEN: Answer = (500, {}, b"oops")
WRONG: Answer = (400, {}, b'{"message":"bad recipient"}')
HANG: Answer = (0, {}, b"")


class Call(Struct, frozen=True):
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Provider:
    """Answers every POST by `decide`; keeps what came in, and of that what it took."""

    def __init__(self, decide: Callable[[Call], Answer], hang_s: float = 5.0) -> None:
        self.calls: list[Call] = []
        self.taken: list[Call] = []
        self._decide, self._hang_s = decide, hang_s
        self._lock, self._over = threading.Lock(), threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.port = self.server.server_port

    def answer(self, call: Call) -> Answer:
        with self._lock:
            self.calls.append(call)
            answer = self._decide(call)
            if answer is OK:
                self.taken.append(call)
        if answer is HANG:
            self._over.wait(self._hang_s)
        return answer

    def close(self) -> None:
        self._over.set()
        self.server.shutdown()
        self.server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                call = Call(self.path, dict(self.headers), body, time.monotonic())
                status, headers, content = provider.answer(call)
                self.close_connection = True
                if not status:
                    return
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)

            do_GET = do_POST  # noqa: N815
            do_PUT = do_POST  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@contextlib.contextmanager
def providing(decide: Callable[[Call], Answer], hang_s: float = 5.0) -> Iterator[Provider]:
    """A running provider."""
    provider = Provider(decide, hang_s)
    thread = threading.Thread(target=provider.server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield provider
    finally:
        provider.close()
        thread.join()
