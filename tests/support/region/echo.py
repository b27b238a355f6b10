"""A receiver that answers with what it was asked: which headers HAProxy hands on."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path


class _Echo(BaseHTTPRequestHandler):
    """Answers each request with its path and headers as JSON."""

    def do_GET(self) -> None:
        """Answer."""
        headers = [[name.lower(), value] for name, value in self.headers.items()]
        body = json.dumps({"path": self.path, "headers": headers}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        """A unix socket has no address."""
        return "haproxy"

    def log_message(self, *_: object) -> None:
        """Nothing: the test sees the answers."""


@contextmanager
def echo(socket: Path) -> Iterator[None]:
    """Listen on a unix socket as long as the context lasts."""
    with socketserver.ThreadingUnixStreamServer(str(socket), _Echo) as server:
        socket.chmod(0o777)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
