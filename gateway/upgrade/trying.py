"""Watches a running version: service, pages, database, the way through the broker, and captures.

Owns the looks and their rhythm. Must not judge (`gates`). It reads the database as its owner.
"""

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct, field

from gateway.config import Config
from gateway.mqtt.round_trip import round_trip
from gateway.mqtt.traffic.tail import follow
from gateway.store.connection import StoreError
from gateway.store.trial.looking import Arrived, look
from gateway.upgrade.gates import Gate, Observation, Verdict, Watch, advance
from gateway.upgrade.owner import as_owner
from gateway.upgrade.phases import UpgradeState

LOOK_S = 2.0
LOOP_S = 10.0  # between questions through the broker
PAGE_S = 5.0
ARRIVES_S = 60.0  # routine messages may be gathered for 30 s before a commit
ANY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104 - compared, not listened on

UnitState = Callable[[], tuple[str, int]]  # (systemd's ActiveState, restarts)


class TrialEye(Struct):
    """What is looked at. `unit`: how the service is; `is_cancelled`: a person wants the earlier version."""

    config: Config
    filters: Sequence[str]  # topics that the gateway subscribes to
    unit: UnitState
    is_cancelled: Callable[[], bool] = lambda: False
    waiting: deque[tuple[float, Arrived]] = field(default_factory=deque)  # heard, not yet found
    arrived: Counter[Arrived] = field(default_factory=Counter)  # found, not yet heard
    last_no: int = 0  # of the messages kept during the trial
    loop_error: str = "not asked yet"
    broker_error: str = ""

    def try_out(self, state: UpgradeState) -> Verdict:
        """Look until there is a verdict."""
        return asyncio.run(self._watch(state))

    async def _watch(self, state: UpgradeState) -> Verdict:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._listen()), group.create_task(self._ask_round())]
            try:
                return await self._look_on(state)
            finally:
                for task in tasks:
                    task.cancel()

    async def _look_on(self, state: UpgradeState) -> Verdict:
        watch = Watch(time.monotonic())
        while True:
            seen = await asyncio.to_thread(self.look, state.new_version)
            watch, verdict = advance(watch, seen, time.monotonic(), state.patience)
            if self.is_cancelled():
                return Verdict(False, "a person asked for the earlier version")
            if verdict.is_good is not None:
                return verdict
            await asyncio.sleep(LOOK_S)

    def look(self, version: str) -> Observation:
        """One look at everything."""
        active, restarts = self.unit()
        closed = {
            Gate.START: "" if active == "active" else f"the service is {active}",
            Gate.PAGES: page_error(self.config, version),
            Gate.LOOPBACK: self.loop_error,
            Gate.DATABASE: self._database_error(),
            Gate.CAPTURES: self._capture_error(),
        }
        return Observation({gate: why for gate, why in closed.items() if why}, restarts)

    async def _listen(self) -> None:
        """What the broker hands out now. Messages with QoS 0 have no promise, retained ones are old."""

        def trouble(text: str) -> None:
            self.broker_error = text

        site = self.config.site.name
        async for message in follow(self.config.mqtt, site, self.filters, trouble):
            if message.qos and not message.retain:
                self.waiting.append((time.monotonic(), (message.topic, message.payload)))

    async def _ask_round(self) -> None:
        while True:
            try:
                await round_trip(self.config.mqtt, self.config.site.name)
                self.loop_error = ""
            except (TimeoutError, ConnectionError) as error:
                self.loop_error = str(error)
            await asyncio.sleep(LOOP_S if not self.loop_error else LOOK_S)

    def _database_error(self) -> str:
        database = Path(self.config.store.path)
        try:
            with as_owner(database.parent):
                arrived, self.last_no = look(database, self.last_no)
        except StoreError as error:
            return str(error)
        self.arrived.update(arrived)
        return ""

    def _capture_error(self) -> str:
        """Messages that the broker handed out a while ago and that are not in the database."""
        late, still = 0, deque[tuple[float, Arrived]]()
        while self.waiting:
            at_s, heard = self.waiting.popleft()
            if self.arrived[heard] > 0:
                self.arrived[heard] -= 1
                continue
            late += time.monotonic() - at_s > ARRIVES_S
            still.append((at_s, heard))
        self.waiting.extend(still)
        return (
            f"{late} messages did not arrive within {ARRIVES_S:g} s" if late else self.broker_error
        )


def page_error(config: Config, version: str = "") -> str:
    """Why the pages do not answer; with `version`, also when another version does."""
    settings = config.dashboard
    host = "127.0.0.1" if settings.host in ANY_ADDRESS else settings.host
    url = f"http://{host}:{settings.port}"
    try:
        health = json.loads(_get(f"{url}/healthz"))
        _get(f"{url}/login")
    except (OSError, ValueError) as error:
        return f"{url}: {error}"
    found = str(health.get("version", ""))
    return f"{url}: version {found} answers" if version and found != version else ""


def _get(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=PAGE_S) as answer:  # noqa: S310 - http to this machine
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        if error.code == 503:  # it answers, and names its fault
            return error.read()
        raise
