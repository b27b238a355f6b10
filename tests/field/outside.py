"""What stands beside a machine in its network: a server that takes messages, and a phone that opens pages.

Owns two small programs of the standard library; they run with the machine's network and the tests' Python. A
name that ends in `.local` is the machine's own, as on a network with mDNS.
"""

import http.cookiejar
import json
import socket
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

WITHIN_S = 30


def serve(port: int, file: Path) -> None:
    """Keep the body of every request, one a line."""

    class Keep(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with file.open("ab") as kept:
                kept.write(_line(body))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b"{}")

    HTTPServer(("127.0.0.1", port), Keep).serve_forever()


def _line(body: bytes) -> bytes:
    """A body as one line; JSON with its characters as they are read."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False).encode() + b"\n"
    except ValueError:
        return body.replace(b"\n", b" ") + b"\n"


def phone(link: str, *paths: str) -> dict[str, str]:
    """Open a sign-in link, press its button, then open the pages; the text of each by its path."""
    resolve = socket.getaddrinfo

    def own(host: Any, *rest: Any, **more: Any) -> Any:
        return resolve("127.0.0.1" if str(host).endswith(".local") else host, *rest, **more)

    socket.getaddrinfo = own
    jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    opener = urllib.request.build_opener(jar)
    base = "{0.scheme}://{0.netloc}".format(urlsplit(link))
    found = {"link": _open(opener, link, None, base), "entered": _open(opener, link, b"", base)}
    return found | {path: _open(opener, base + path, None, base) for path in paths}


def _open(opener: urllib.request.OpenerDirector, url: str, data: bytes | None, base: str) -> str:
    headers = {"User-Agent": "Mozilla/5.0 (phone)", "Origin": base}
    request = urllib.request.Request(url, data, headers)
    with opener.open(request, timeout=WITHIN_S) as answer:
        text: str = answer.read().decode()
    return text


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        print(json.dumps(phone(*sys.argv[2:])))
