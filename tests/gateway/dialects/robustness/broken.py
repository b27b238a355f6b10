"""Payloads that nobody meant to send, and what a dialect may make of them.

Owns breaking values and bytes by dice, and the judgement: readings or Refused, in how long.
"""

import contextlib
import gc
import json
import random
import time
from collections.abc import Callable
from datetime import UTC
from functools import cache
from typing import Any

from gateway.dialects import Context, DecodePayload
from gateway.domain.model import Device, Message, MessageRefusedError, Reading, Role
from tests.gateway.dialects.fixtures import encode

WIDE = b"[" + b"{}," * 40_000 + b"{}]"  # as much as any dialect reads
TIMES = 10  # as long as the standard library needs for WIDE: 20 ms where it takes 2 ms
REGISTERED = Context(
    devices={
        address: Device(id=address, role=role, zone="Asia/Tokyo", inverted=True, model=model)
        for address, role, model in (
            ("24e124136b502217", Role.TRAP, "milesight-ws301"),
            ("!a1b2c3d4", Role.DETECTOR, ""),
            ("yama/hako 1", Role.TRAP, ""),
            ("trap", Role.TRAP, ""),
            ("node", Role.DETECTOR, ""),
        )
    },
    site="goto",
)
CONTEXTS = (Context(assume=True), REGISTERED, Context())

NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1e308, -1e308, 2**63, -(2**70), 10**400, 1e-320),
    *("", "0", "NaN", "\x00", "\ud800", "x" * 5_000, "イノシシ" * 50, "2.3(low battery)"),
    *("1970-01-01T00:00:00Z", "2120-01-01T00:00:00Z", "2026-02-30T00:00:00", "12:00 GMT"),
    *([], {}, [[]], [None] * 300, {"value": {"value": {}}}, {"": ""}, [{"timestamp": 1}]),
    *(float("nan"), float("inf"), 101, 255, 4_294_967_296, "open", "OPEN", "occupied"),
)


def deep(depth: int, kind: str) -> bytes:
    """Brackets in brackets."""
    return (
        (b"[" * depth + b"]" * depth) if kind == "list" else b'{"a":' * depth + b"1" + b"}" * depth
    )


def _mutate(rng: random.Random, value: Any, depth: int = 0) -> Any:
    """Replace, drop, double or rename something somewhere in a JSON value."""
    if rng.random() < 0.08 or depth > 6:
        return rng.choice(NASTY)
    if isinstance(value, dict):
        items = [
            (key, _mutate(rng, one, depth + 1) if rng.random() < 0.4 else one)
            for key, one in value.items()
            if rng.random() > 0.05
        ]
        if items and rng.random() < 0.1:
            items.append(
                (rng.choice(["object", "history", "v", "DATALOG", "from"]), rng.choice(NASTY))
            )
        return dict(items)
    if isinstance(value, list):
        kept = [_mutate(rng, one, depth + 1) for one in value if rng.random() > 0.1]
        return kept * rng.choice((1, 1, 1, 2, 300))
    return rng.choice(NASTY) if rng.random() < 0.3 else value


def _garble(rng: random.Random, payload: bytes) -> bytes:
    """Break bytes instead of values."""
    body = bytearray(payload)
    way = rng.randrange(6)
    if way == 0 and body:
        del body[rng.randrange(len(body)) :]
    elif way == 1:
        for _ in range(rng.randint(1, 8)):
            if body:
                body[rng.randrange(len(body))] = rng.randrange(256)
    elif way == 2:
        body = bytearray(rng.randbytes(rng.randrange(64)))
    elif way == 3:
        body[0:0] = b"\xff\xfe"
    elif way == 4:
        at = rng.randrange(len(body) + 1)
        body[at:at] = rng.choice((b"NaN", b"-", b'"', b"{", b"\xc3\x28", b"1e999", b"\x00"))
    else:
        body = bytearray(deep(rng.choice((10, 500, 2_000)), rng.choice(("list", "object"))))
    return bytes(body)


def spoilt(rng: random.Random, value: Any) -> bytes:
    """A good value broken: its parts, or its bytes."""
    if rng.random() < 0.5:
        changed = _mutate(rng, value)
        with contextlib.suppress(ValueError):
            return json.dumps(changed, ensure_ascii=rng.random() < 0.5).encode(
                "utf-8", "surrogatepass"
            )
    return _garble(rng, encode(value))


def allowed_s(tries: int = 3) -> float:
    """What one payload may cost on this machine now, CPU seconds."""
    return TIMES * min(_cost_s(lambda: json.loads(WIDE)) for _ in range(tries))


def _cost_s(work: Callable[[], object]) -> float:
    """CPU seconds of `work`, without searches for cycles: these depend on what other tests hold."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        start = time.thread_time()
        work()
        return time.thread_time() - start
    finally:
        if was_on:
            gc.enable()


@cache
def usual_s() -> float:
    """The same, measured once: what costs less needs no second look."""
    return allowed_s(tries=9)


def is_slow(decode: DecodePayload, message: Message, context: Context) -> bool:
    """Whether a payload costs too much each time; the speed is measured anew beside each try."""
    return all(took(decode, message, context)[1] > allowed_s() for _ in range(20))


def took(decode: DecodePayload, message: Message, context: Context) -> tuple[str, float]:
    """(what became of it, CPU seconds)."""
    became = ""

    def once() -> None:
        nonlocal became
        became = _read(decode, message, context)

    seconds = _cost_s(once)
    return became, seconds


def _read(decode: DecodePayload, message: Message, context: Context) -> str:
    try:
        return "accepted" if _sane(decode(message, context)) else "nothing"
    except MessageRefusedError as refused:
        return "refused" if refused.detail else "nothing"


def _sane(readings: list[Reading]) -> bool:
    for one in readings:
        assert 0 < len(one.id) <= 2_048
        assert 0 < len(one.device) <= 512
        assert one.device_time is None or one.device_time.tzinfo is UTC
    return bool(readings)
