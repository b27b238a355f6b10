"""How a town and its region speak: blocks of records, answers, digests. PURE.

    POST /uplink/{town}  a Block as deflated MessagePack -> 200 Answer as JSON, after the commit
    GET  /uplink/{town}?journal=ID  -> 200 Answer: what the region knows of this journal
    GET  /uplink/{town}/digest?journal=ID&from=DAY&to=DAY&after=NO  -> 200 Digest

Owns these forms and their limits. Must not store, send or judge. The rules:

- *Journal.* `journal` names one life of the town's database; a restored or salvaged one has a new name.
  Events have numbers in it. A block whose `after` < `up_to` carries all events with after < no <= up_to (as
  far as they still exist); the region knows everything up to `upto`. It answers 409 if `after` > `upto`.
- *Version.* Every record of a block has the block's `version`; of records with the same key the region keeps
  the one with the higher version, an equal one replaces. Its upper part (`session`) grows with every start of
  the uplink, so that it grows over restored databases too: the town asks first and begins above the answer. A
  block of an older session than the newest known is answered 409 with SUPERSEDED: a second gateway sends as
  this town, or a request was on its way for long.
- *Events* are known by (town, device, id), never by number alone: sent again under another journal they
  change their number and journal, and are not doubled. What the region holds under an older journal is no
  longer at the town.
- *Answer.* The 200 is the acknowledgement, so it is sent only once the block is committed (on a replica too).
"""

import zlib
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from gateway.domain.errors import BadInputError
from gateway.region.records import (
    ActionRecord,
    AgreementRecord,
    AlertRecord,
    Count,
    DeviceRecord,
    EventRecord,
    Name,
    Number,
    PeriodRecord,
    RequestAnswer,
    SquareRecord,
    Text,
    TownRecord,
    Word,
)

PROTOCOL = 1
MOST_ROWS = 500  # records in one block
LARGEST_BODY = 1 << 20  # bytes of a block as it is sent
LARGEST_BLOCK = 8 << 20  # bytes of a block as MessagePack
BLOCK_TYPE = "application/vnd.shishigaki.block"
SESSION = 1 << 28  # version = session * SESSION + number of the block in the session
T = TypeVar("T", bound=Struct)

Town = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,32}\Z", description="a-z, 0-9 and -, at most 32")]
JournalId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z", description="32 hex digits")]


class Lane(StrEnum):
    """Why a block is sent now; records mean the same in each."""

    JOURNAL = "journal"
    STATE = "state"
    URGENT = "urgent"  # springs and lives of alerts, ahead of the backlog


class Trouble(StrEnum):
    """Why a block was not taken: the `error` of an Answer."""

    GAP = "gap"  # 409: `after` lies beyond `upto`
    SUPERSEDED = "superseded"  # 409: a block of an older session
    UNKNOWN = "unknown_town"  # 403: never enrolled, or the certificate names another town
    REVOKED = "revoked"  # 403: this certificate was revoked
    MALFORMED = "malformed"  # 400: `detail` says which field
    TOO_LARGE = "too_large"  # 413
    AWAY = "away"  # 503: the database does not answer; with Retry-After


STATUS: dict[Trouble, int] = {
    Trouble.GAP: 409,
    Trouble.SUPERSEDED: 409,
    Trouble.UNKNOWN: 403,
    Trouble.REVOKED: 403,
    Trouble.MALFORMED: 400,
    Trouble.TOO_LARGE: 413,
    Trouble.AWAY: 503,
}


class BadBlockError(BadInputError):
    """A body that is no block; `trouble` is MALFORMED or TOO_LARGE."""

    def __init__(self, trouble: Trouble, detail: str) -> None:
        super().__init__(detail)
        self.trouble = trouble


class Block(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Records of one town, committed together. Unknown fields are ignored."""

    protocol: Count = PROTOCOL
    journal: JournalId
    version: Count
    lane: Lane
    sent_ms: Number  # by the town's clock
    after: Count = 0
    up_to: Count = 0
    events: tuple[EventRecord, ...] = ()
    devices: tuple[DeviceRecord, ...] = ()
    actions: tuple[ActionRecord, ...] = ()
    alerts: tuple[AlertRecord, ...] = ()
    hours: tuple[PeriodRecord, ...] = ()
    days: tuple[PeriodRecord, ...] = ()
    agreements: tuple[AgreementRecord, ...] = ()
    answers: tuple[RequestAnswer, ...] = ()
    squares: tuple[SquareRecord, ...] = ()
    town: TownRecord | None = None

    @property
    def session(self) -> int:
        """The start of the uplink that it comes from."""
        return self.version // SESSION

    @property
    def rows(self) -> int:
        """How many records it carries."""
        return sum(len(getattr(self, name)) for name in RECORDS) + (self.town is not None)


RECORDS = (
    "events",
    "devices",
    "actions",
    "alerts",
    "hours",
    "days",
    "agreements",
    "answers",
    "squares",
)


class RequestKind(StrEnum):
    """What a region may ask a town; the town decides."""

    ACKNOWLEDGE = "acknowledge"
    MESSAGE = "message"


class Request(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request of the region. It is repeated with each answer until the town has answered it.

    `kind`: a RequestKind; what a later region may ask beside is refused by name, so that it stops nothing.
    """

    id: Name
    kind: Word
    by: Text  # whoever asks, as the town shows it
    organisation: Text
    created_ms: Number
    alert: Text = ""  # the alert that it is about
    text: Annotated[str, Meta(max_length=2_000)] = ""


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the region answers to a block or to the question what it knows."""

    upto: Count = 0  # of the journal that was named; 0: nothing of it
    version: Count = 0  # the highest of this town, over all journals
    requests: tuple[Request, ...] = ()  # at most 20, the oldest first
    error: str = ""  # a Trouble; later programs may know more
    detail: str = ""


class DayCount(Struct, frozen=True, array_like=True):
    """Counts and sums of one local day and one kind of record.

    `what`: event.KIND: rows, sum of observed_ms, sum of count (where there is one);
    hour, day: alive_ms, armed_ms, records, independent, animals; action: rows, those that count, sum of their
    count; alert (by the day it was opened): rows, acknowledged (ever), resolved;
    device (day 0): rows, approved.
    """

    day: int
    what: Word
    sums: tuple[int, ...]


class Digest(Struct, frozen=True, kw_only=True):
    """Counts of [from, to): of events only those of the journal with no > after."""

    upto: Count
    days: tuple[DayCount, ...]


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Block).decode
_json = msgspec.json.Encoder().encode


def encode_block(block: Block) -> bytes:
    """The body of a POST."""
    return zlib.compress(_pack(block), 6)


def decode_block(body: bytes) -> Block:
    """The block of a body. Raises BadBlockError."""
    if len(body) > LARGEST_BODY:
        raise BadBlockError(Trouble.TOO_LARGE, f"{len(body)} bytes; at most {LARGEST_BODY}")
    inflate = zlib.decompressobj()
    try:
        plain = inflate.decompress(body, LARGEST_BLOCK)
        if inflate.unconsumed_tail:
            raise BadBlockError(Trouble.TOO_LARGE, f"a block has at most {LARGEST_BLOCK} bytes")
        if not inflate.eof:
            raise BadBlockError(Trouble.MALFORMED, "the deflated block ends early")
        block = _unpack(plain)
    except zlib.error as error:
        raise BadBlockError(Trouble.MALFORMED, f"not deflated: {error}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadBlockError(Trouble.MALFORMED, str(error)) from None
    check(block)
    return block


def check(block: Block) -> None:
    """Raise BadBlockError unless the block is one that the region may take."""
    if block.rows > MOST_ROWS:
        raise BadBlockError(Trouble.TOO_LARGE, f"{block.rows} records; at most {MOST_ROWS}")
    if block.protocol > PROTOCOL:
        detail = f"protocol {block.protocol}; this region knows {PROTOCOL}: update it first"
        raise BadBlockError(Trouble.MALFORMED, detail)
    if block.after > block.up_to:
        raise BadBlockError(Trouble.MALFORMED, f"after {block.after} > up_to {block.up_to}")
    if block.lane is not Lane.JOURNAL:
        if block.up_to:
            raise BadBlockError(Trouble.MALFORMED, f"up_to {block.up_to} in the lane {block.lane}")
        return
    numbers = [event.no for event in block.events]
    if any(not block.after < no <= block.up_to for no in numbers):
        raise BadBlockError(Trouble.MALFORMED, "an event's number is not in (after, up_to]")


def encode_answer(answer: Answer | Digest) -> bytes:
    """An answer or digest as JSON."""
    return _json(answer)


def decode_answer(body: bytes, shape: type[T]) -> T:
    """An Answer or Digest. Raises BadBlockError: something else than a region has answered."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadBlockError(Trouble.MALFORMED, str(error)) from None


def uplink_path(town: str) -> str:
    """Where a town sends its blocks."""
    return f"/uplink/{town}"


def digest_path(town: str) -> str:
    """Where a town asks for counts."""
    return f"/uplink/{town}/digest"
