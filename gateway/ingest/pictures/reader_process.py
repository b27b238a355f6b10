"""The process that reads foreign pictures and mails, one request after the other.

Owns this process's loop and its limit of computing time for each request; its memory, its priority and its
order in an emergency are those of `photos.picture`. Runs by ``python -m``, a line of
JSON in, a line of JSON out. It ends when its input does.
"""

import resource
import sys
from pathlib import Path
from typing import Any

import msgspec

from gateway.domain.traps.photo import PhotoRefusal
from gateway.ingest.photos import picture
from gateway.ingest.photos.picture import PictureFacts
from gateway.ingest.pictures.mail import reading
from gateway.ingest.pictures.requests import Look, Make, ReadMail, Request

_request = msgspec.json.Decoder(Request)


def answer(request: Any) -> Any:
    """Do what is asked."""
    match request:
        case Make():
            return _make(request)
        case Look():
            return picture.look(Path(request.source))
        case ReadMail():
            return reading.read(request)


def _make(request: Make) -> PictureFacts:
    facts = picture.examine(Path(request.source), Path(request.target))
    if facts.refusal is None:
        try:
            picture.make_small(Path(request.target), Path(request.small))
        except OSError:  # ours is whole: the disk takes no more
            return PictureFacts(PhotoRefusal.NO_ROOM)
    return facts


def _limit_next() -> None:
    """The next request may use so much computing time from now on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + picture.CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def main() -> None:
    """Until the input ends."""
    picture.limit()
    for line in sys.stdin.buffer:
        _limit_next()
        said = msgspec.json.encode(answer(_request.decode(line)))
        sys.stdout.buffer.write(said + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
