"""The messages between the gateway and the process of the calculating pages.

Owns the messages and their framing. Must not know who starts the process or what it calculates.

One control socket (SOCK_SEQPACKET) lives as long as the process: the first message is `Settings`, the
answer READY or a sentence that says why not; each message after it hands over the socket of one request.
On that socket the gateway sends one frame, a `Request`; the process answers with an ACCEPTED frame, an
`Answer` frame, then frames of the body and an empty one at its end. A frame is 4 bytes of length, then data.
"""

import asyncio
from datetime import datetime

from msgspec import Struct, msgpack

from gateway.config import Config
from gateway.domain.people.permissions import Access
from gateway.domain.people.person import Person

READY = b"ready"
CONNECTION = b"request"
ACCEPTED = b"accepted"
LARGEST_CONTROL = 1 << 20
LARGEST_FRAME = 1 << 20
PIECE = 1 << 16  # of a body

DAMAGED, DISK, MEMORY = "damaged", "disk", "memory"  # failures handled by the gateway


class Settings(Struct, frozen=True):
    """The settings passed to the process at its start."""

    database: str
    config: Config


class Request(Struct, frozen=True):
    """One request of a page, already authorised. It has no body: these pages only show data."""

    method: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    account: Person | None
    access: Access
    now: datetime


class Answer(Struct, frozen=True):
    """Status and headers of a response; with `failure` the gateway must respond itself."""

    status: int = 200
    headers: list[tuple[bytes, bytes]] = []
    failure: str = ""
    detail: str = ""


async def send(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Send one frame; waits while the other side reads slowly."""
    writer.write(len(data).to_bytes(4))
    writer.write(data)
    await writer.drain()


async def receive(reader: asyncio.StreamReader) -> bytes:
    """The next frame. Raises EOFError when the other side ended before or within it."""
    length = int.from_bytes(await reader.readexactly(4))
    if length > LARGEST_FRAME:
        raise EOFError(f"a frame of {length} bytes is none of ours")
    return await reader.readexactly(length)


encode = msgpack.encode
decode = msgpack.decode
