"""A slow line between a phone and the gateway: a relay that holds everything back, for pages and workers."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

WAY_S = 1.0  # one way: a round trip takes twice as long
BYTES_PER_S = 50_000
PIECE = 1_460


class Line:
    """One line: all its connections share the rate. Counts what came down."""

    def __init__(self, port: int, way_s: float) -> None:
        self._port, self._way_s = port, way_s
        self._free_s = 0.0  # when the line has sent what it was given
        self.down = 0
        self.ready = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def serve(self, ends: asyncio.Event) -> None:
        """Relay until `ends`."""
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await ends.wait()
        server.close()
        for writer in self._writers:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the aborted connections close

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        await asyncio.sleep(2 * self._way_s)  # the handshake of a connection
        back, forth = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers.add(forth)
        for source, target, is_down in ((reader, forth, False), (back, writer, True)):
            task = asyncio.ensure_future(self._way(source, target, is_down=is_down))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _way(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_down: bool
    ) -> None:
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def arrive() -> None:
            while True:
                due, data = await waiting.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                target.write(data)
                await target.drain()
                if not data:
                    return

        arriving = asyncio.ensure_future(arrive())
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            while data := await source.read(PIECE):
                self._free_s = max(self._free_s, loop.time()) + len(data) / BYTES_PER_S
                self.down += len(data) if is_down else 0
                waiting.put_nowait((self._free_s + self._way_s, data))
            waiting.put_nowait((loop.time() + self._way_s, b""))
            await arriving
        arriving.cancel()
        self._writers.discard(target)
        with contextlib.suppress(ConnectionError, RuntimeError):
            target.close()


@contextlib.contextmanager
def slow_line(port: int, way_s: float = WAY_S) -> Iterator[Line]:
    """A slow line to a port of this machine."""
    line = Line(port, way_s)
    loop, ends = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(line.serve(ends)))
    thread.start()
    try:
        assert line.ready.wait(10)
        yield line
    finally:
        loop.call_soon_threadsafe(ends.set)
        thread.join(10)
        loop.close()
