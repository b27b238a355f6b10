"""A town that sends event after event by itself, in a thread, and notes each 200 with its time.

Owns one journal at the hub, without a database: what is sent follows from the number. It speaks through
HAProxy with its certificate, as a gateway does. Must not know what a test promises.
"""

import http.client
import ssl
import threading
import time
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.region.protocol import (
    SESSION,
    Answer,
    BadBlockError,
    Block,
    Lane,
    decode_answer,
    encode_block,
    uplink_path,
)
from gateway.region.records import EventRecord

ROWS = 20
TIMEOUT_S = 20.0
PAUSE_S = 0.1


class Sender:
    """Sends as the town whose files lie in `folder`. `acknowledged`: (time, upto) of each 200."""

    def __init__(self, folder: Path, town: str, port: int, host: str = "127.0.0.1") -> None:
        self.town, self._host, self._port = town, host, port
        self._tls = ssl.create_default_context(cafile=str(folder / "region.pem"))
        self._tls.load_cert_chain(folder / "town.pem", folder / "town.key")
        self.acknowledged: list[tuple[float, int]] = []
        self.refused: list[
            tuple[float, int]
        ] = []  # time and status of everything else; 0: no answer
        self.upto, self._blocks = 0, 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def post(self) -> int:
        """Send the next rows once; the status, 0 without an answer."""
        self._blocks += 1
        status, answer = self._ask("POST", uplink_path(self.town), self._block())
        moment = time.monotonic()
        if status == 200 and answer:
            self.upto = answer.upto
            self.acknowledged.append((moment, answer.upto))
        else:
            self.refused.append((moment, status))
            if status == 409 and answer:
                self.upto = answer.upto
        return status

    def ask(self) -> tuple[int, int]:
        """Status, and what the hub says it knows."""
        status, answer = self._ask("GET", f"{uplink_path(self.town)}?journal={self.journal}", None)
        return status, answer.upto if answer else -1

    @property
    def journal(self) -> str:
        """The name of its journal."""
        return self.town.encode().hex().rjust(32, "0")[-32:]

    def gap_s(self) -> float:
        """The longest time between two 200s."""
        times = [moment for moment, _ in self.acknowledged]
        return max((later - earlier for earlier, later in pairwise(times)), default=0.0)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join(timeout=2 * TIMEOUT_S)

    def _run(self) -> None:
        while not self._ended.is_set():
            if self.post() != 200:
                time.sleep(PAUSE_S)

    def _block(self) -> bytes:
        numbers = range(self.upto + 1, self.upto + ROWS + 1)
        events = tuple(
            EventRecord(
                no=no,
                device=f"{self.town}-cam",
                id=f"{self.town}-{no}",
                kind="detection",
                observed_ms=1_790_000_000_000 + no,
                received_ms=1_790_000_000_000 + no,
                quality="synced",
            )
            for no in numbers
        )
        block = Block(
            journal=self.journal,
            version=SESSION + self._blocks,
            lane=Lane.JOURNAL,
            sent_ms=0,
            after=self.upto,
            up_to=numbers[-1],
            events=events,
        )
        return encode_block(block)

    def _ask(self, method: str, path: str, body: bytes | None) -> tuple[int, Answer | None]:
        """A connection of its own for each request, so that each goes to whoever answers now."""
        link = http.client.HTTPSConnection(
            self._host, self._port, timeout=TIMEOUT_S, context=self._tls
        )
        try:
            link.request(method, path, body)
            reply = link.getresponse()
            text = reply.read()
            try:
                return reply.status, decode_answer(text, Answer)
            except BadBlockError:  # not of the hub: HAProxy has no receiver
                return reply.status, None
        except (OSError, http.client.HTTPException):
            return 0, None
        finally:
            link.close()
