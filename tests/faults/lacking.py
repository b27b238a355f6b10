"""A gateway without one safeguard, for controls: `python -m tests.faults.lacking CARE run -c FILE`.

Owns the attribute that each safeguard replaces. With CARE `nothing` the gateway is complete. It always logs
how late its event loop was (`lags`).
"""

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from dashboard import serve
from dashboard.web.entry.passwords import PasswordCheck
from gateway import app, watchdog
from gateway.cli import main
from gateway.dialects import native
from gateway.domain.refused.unknown_names import UnknownNames
from gateway.export.topics.audit import OwnTopics
from gateway.ingest.messages.intake import Intake
from gateway.metrics import Health
from gateway.mqtt import Delivery, Session
from gateway.mqtt.link import Cause
from gateway.mqtt.losses import gap_memory
from gateway.mqtt.losses.connection_history import ConnectionHistory
from gateway.mqtt.losses.gap_memory import BrokerMemory
from gateway.mqtt.losses.gaps import Gaps
from gateway.mqtt.session import BrokerSession
from gateway.store import Store, Transaction

T = TypeVar("T")
TICK_S = 0.02
CROWD = ThreadPoolExecutor(64, "passwords")
LATE = "the loop was late by "


class Hasty(Intake):
    """Acknowledges and confirms on arrival, as most clients do; then commits."""

    async def _take(self, session: Session, deliveries: list[Delivery]) -> None:
        messages = [delivery.message for delivery in deliveries]
        session.ack(deliveries)
        expected = await self._store.rehearse(lambda tx: self._judging.absorb(tx, messages))
        self.confirms.promise(expected.durable)
        self._check_room()
        outcome = await self._store.write(lambda tx: self._judging.absorb(tx, messages))
        self._health.committed(len(messages), outcome, 0)


async def write_on_the_loop(store: Store, act: Callable[[Transaction], T]) -> T:
    """Commits on the event loop, where everything else waits."""
    return store.write_now(act)


def read_on(session: BrokerSession, *, paused: bool) -> None:
    """Reads all messages, however many wait already."""
    session.counters.paused = paused


def see_nothing(
    _history: ConnectionHistory, _at: datetime, _cause: Cause, *, was_open: bool
) -> None:
    """Looks only at whether the broker is connected at the moment."""


def forget(
    _gaps: Gaps, _at: datetime, *, remembered: bool, taken_since: datetime | None = None
) -> None:
    """Ignores whether the broker has kept the session."""


def unbounded(_most: int, _is_proxy: Callable[[str], bool]) -> type[H11Protocol]:
    """uvicorn's own connections: any number, for any time."""
    return H11Protocol


async def check_at_once(_check: PasswordCheck, work: Callable[..., T], *given: str) -> T:
    """Checks as many passwords at the same time as are sent."""
    return await asyncio.get_running_loop().run_in_executor(CROWD, work, *given)


def look_nowhere(_own: OwnTopics) -> list[str]:
    """Compares nothing with what the broker retains."""
    return []


def has_always_room(names: UnknownNames, topic: str, now: datetime) -> None:
    """A list of unknown names without a limit."""


def begin_at_the_first_count(
    memory: BrokerMemory, value: float, _started: datetime | None, *, kept_session: bool
) -> float:
    """What was dropped before the first count is no news."""
    return 0 if memory.dropped is None else value - memory.dropped


CARES: dict[str, tuple[object, str, object]] = {
    "nothing": (watchdog, "WATCHDOG_S", TICK_S),
    "a limit of names": (UnknownNames, "full", has_always_room),
    "commit before ack": (app, "Intake", Hasty),
    "commit beside the loop": (Store, "write", write_on_the_loop),
    "a bound on what waits": (BrokerSession, "_pause", read_on),
    "a look at how connections end": (ConnectionHistory, "ended", see_nothing),
    "one password at a time": (PasswordCheck, "_in_turn", check_at_once),
    "a look at what the broker retains": (OwnTopics, "filters", look_nowhere),
    "bounded connections": (serve, "bounded", unbounded),
    "the memory of the broker": (Gaps, "connected", forget),
    "a look at retained events": (native, "NEVER_RETAINED", ()),
    "the count at the first connection": (gap_memory, "lost_since", begin_at_the_first_count),
}


def without(care: str) -> tuple[str, str]:
    """The program for `Service`."""
    assert care in CARES, f"{care!r} is none of {list(CARES)}"
    return ("tests.faults.lacking", care)


def lags(log: str) -> list[float]:
    """How late a timer would have been, in seconds, at each TICK_S of the run, in rising order.

    While the loop is blocked many timers are late, not only the one that logged it.
    """
    found = [float(line[len(LATE) :]) for line in log.splitlines() if line.startswith(LATE)]
    return sorted(late - n * TICK_S for late in found for n in range(int(late / TICK_S) + 1))


def p99(values: list[float]) -> float:
    """The 99th percentile of values in rising order."""
    return values[len(values) * 99 // 100]


def tell_late(self: Health, seconds: float) -> None:
    print(f"{LATE}{seconds:.4f}", flush=True)


if __name__ == "__main__":
    watchdog.WATCHDOG_S = TICK_S
    Health.late = tell_late  # type: ignore[method-assign]
    place, name, instead = CARES[sys.argv.pop(1)]
    assert hasattr(place, name), f"{place} has no {name}: the control would take out nothing"
    setattr(place, name, instead)
    main()
