"""HTTP servers beside ours: `python -m tests.bench.peers.servers [PYTHON]`.

PYTHON is an interpreter with starlette, uvicorn, hypercorn and granian. For each server: memory at the
start and with silent sockets and streams, whether a page still comes where 1,024 files are allowed and 1,100
sockets are silent, after how many seconds a silent socket is ended, pages a second, and the age of events.
"""

import asyncio
import contextlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from tests.support.processes.child import Child
from tests.support.servers import free_port, wait_for

APP = "tests.bench.peers.pages_app:app"
FILES, SILENT, STREAMS = 1_024, 1_100, 100
CLIENTS, LOAD_S, LISTEN_S = 16, 5.0, 5.0
ENDED_S = 40.0  # how long a silent socket is watched
ASK = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n"
OURS = """
import asyncio, sys
from dashboard.serve import listen, serve
from tests.bench.peers.pages_app import app
asyncio.run(serve(app, listen("127.0.0.1", int(sys.argv[1]))))
"""


class Result(Struct):
    """What was measured of one server."""

    name: str
    start_mb: float = 0.0
    pages_s: float = 0.0
    events_ms: tuple[float, float] = (0.0, 0.0)  # median and 99th percentile of their age
    streams_mb: float = 0.0
    answers: bool = False  # amid the silent sockets
    silent_mb: float = 0.0
    ended_s: float | None = None  # a socket that says nothing; None: not within ENDED_S
    half_ended_s: float | None = None  # one that says half a request

    def __str__(self) -> str:
        ended, half = (
            f"after {seconds:.0f} s" if seconds is not None else "never"
            for seconds in (self.ended_s, self.half_ended_s)
        )
        p50, p99 = self.events_ms
        return (
            f"{self.name:9} {self.start_mb:5.0f} MB, {self.pages_s:6.0f} pages/s, "
            f"{STREAMS} streams {self.streams_mb:+.1f} MB, age of events {p50:.1f} / {p99:.1f} ms; "
            f"{SILENT} silent: page {'comes' if self.answers else 'does not come'}, "
            f"{self.silent_mb:+.1f} MB, one is ended {ended}, "
            f"half a request {half}"
        )


def commands(python: str, port: int) -> dict[str, list[str]]:
    """How each is started, with one process."""
    at = ("127.0.0.1", str(port))
    return {
        "ours": [sys.executable, "-c", OURS, at[1]],
        "uvicorn": [
            python,
            "-m",
            "uvicorn",
            "--log-level",
            "critical",
            "--no-access-log",
            "--host",
            at[0],
            "--port",
            at[1],
            "--http",
            "h11",
            "--loop",
            "asyncio",
            APP,
        ],
        "hypercorn": [
            python,
            "-m",
            "hypercorn",
            "--log-level",
            "critical",
            "-w",
            "0",
            "--bind",
            ":".join(at),
            APP,
        ],
        "granian": [
            python,
            "-m",
            "granian",
            "--interface",
            "asgi",
            "--log-level",
            "critical",
            "--no-ws",
            "--host",
            at[0],
            "--port",
            at[1],
            "--loop",
            "asyncio",
            APP,
        ],
    }


def rss_mb(pid: int) -> float:
    """Of a process and its children."""
    own = 0.0
    with contextlib.suppress(FileNotFoundError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        own = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1_000
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(rss_mb(int(one)) for one in children)


async def read_page(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)


async def pages_per_second(port: int) -> float:
    """With some clients that ask again at once."""
    end = time.monotonic() + LOAD_S

    async def client() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        done = 0
        while time.monotonic() < end:
            writer.write(ASK % b"/")
            try:
                await read_page(reader)
            except asyncio.IncompleteReadError:  # hypercorn ends a connection after 1,000 pages
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                continue
            done += 1
        writer.close()
        return done

    count = sum(await asyncio.gather(*(client() for _ in range(CLIENTS))))
    return count / LOAD_S


async def age_of_events(port: int, pid: int) -> tuple[tuple[float, float], float]:
    """Median and 99th percentile in milliseconds, and the memory with the streams open."""
    ages: list[float] = []

    async def listen() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ASK % b"/events")
        try:
            while True:
                line = await reader.readline()
                if line.startswith(b"data: "):
                    ages.append((time.monotonic() - float(line[6:])) * 1_000)
        finally:
            writer.transport.abort()

    async with asyncio.TaskGroup() as group:
        streams = [group.create_task(listen()) for _ in range(STREAMS)]
        await asyncio.sleep(LISTEN_S)
        memory = rss_mb(pid)
        for one in streams:
            one.cancel()
    return (statistics.median(ages), statistics.quantiles(ages, n=100)[98]), memory


def answers(port: int) -> bool:
    """Whether a page comes within five seconds."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as one:
            one.sendall(ASK % b"/")
            return one.recv(100).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def ended_after_s(one: socket.socket, began: float) -> float | None:
    """When the server ended a socket that says nothing."""
    one.settimeout(ENDED_S)
    try:
        one.recv(1)
    except TimeoutError:
        return None
    except OSError:
        pass
    return time.monotonic() - began


def measure(name: str, command: list[str], port: int, log: Path) -> Result:
    """Start one server and measure it."""
    child, found = Child(log), Result(name)
    child.start(["prlimit", f"--nofile={FILES}:{FILES}", *command])
    try:
        wait_for(lambda: answers(port), f"{name}: {child.log}")
        found.start_mb = rss_mb(child.pid)
        found.pages_s = asyncio.run(pages_per_second(port))
        before_mb = rss_mb(child.pid)
        found.events_ms, streams_mb = asyncio.run(age_of_events(port, child.pid))
        found.streams_mb = streams_mb - before_mb
        began = time.monotonic()
        silent, half = (socket.create_connection(("127.0.0.1", port)) for _ in range(2))
        half.sendall(b"GET / HTTP/1.1\r\nHost: a")
        with ThreadPoolExecutor(2) as watching:
            ended = watching.map(ended_after_s, (silent, half), (began, began))
            found.ended_s, found.half_ended_s = ended
        before_mb = rss_mb(child.pid)
        with contextlib.ExitStack() as stack:
            for _ in range(SILENT):
                stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            found.answers = answers(port)
            found.silent_mb = rss_mb(child.pid) - before_mb
    finally:
        child.end(signal.SIGKILL)
    return found


def main() -> None:
    """Measure all that can be started."""
    python = sys.argv[1] if len(sys.argv) > 1 else sys.executable
    with tempfile.TemporaryDirectory() as folder:
        for name in commands(python, 0):
            known = subprocess.run(
                [python, "-c", f"import {name}"], capture_output=True, check=False
            )
            if name != "ours" and known.returncode:
                print(f"{name}: not installed beside {python}")
                continue
            port = free_port()
            print(
                measure(name, commands(python, port)[name], port, Path(folder) / name), flush=True
            )


if __name__ == "__main__":
    main()
