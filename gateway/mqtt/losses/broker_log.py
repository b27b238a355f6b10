"""Finds two clients with one id, and refused passwords, in mosquitto's log.

Owns the patterns of its lines and the thresholds. The lines come over `$SYS/broker/log/` if the broker's
configuration has `log_dest topic` (deploy/mosquitto). Must not connect or alert.
"""

import re
from collections import Counter, OrderedDict, deque
from datetime import datetime, timedelta

from gateway.mqtt.losses.connection_history import ConnectionHistory

RECENT = timedelta(minutes=10)
# A device whose last connection was not closed takes over its own session, e.g. at a battery change.
TAKEOVERS_TWO_PLACES = 3  # within RECENT, from more than one address
TAKEOVERS_ONE_PLACE = 12  # from one address: clients behind one router, or a device that restarts
REFUSED_LOGINS = 10  # within RECENT
CLIENTS = 500  # remembered; the least recent is forgotten first
_KEPT = 100  # times per client

_CONNECTED = re.compile(r"New client connected from (\S+):\d+ as (.{1,200}) \(p\d")
_TAKEN = re.compile(r"Client (.{1,200}) already connected, closing old connection\.?")
_KNOCKED = re.compile(r"New connection from (\S+):\d+ on port \d+")
_REFUSED = re.compile(r"Client .{1,300} disconnected[,:] not authori[sz]ed")
_STAMP = re.compile(r"^(\d+|\d{4}-\d\d-\d\dT[\d:+-]+): ")


class _Client:
    """One client id, as the broker names it."""

    def __init__(self) -> None:
        self.taken: deque[datetime] = deque(maxlen=_KEPT)
        self.places: deque[tuple[datetime, str]] = deque(maxlen=_KEPT)


class BrokerLog:
    """Reads line by line. `own`: our client id, whose connections go to `history`."""

    def __init__(self, own: str, history: ConnectionHistory) -> None:
        self._own, self._history = own, history
        self._clients: OrderedDict[str, _Client] = OrderedDict()
        self._refused: deque[tuple[datetime, str]] = deque(maxlen=10 * _KEPT)
        self._knocked = ""  # address of the newest connection

    def read(self, line: str, now: datetime) -> None:
        """One line of the broker's log; an empty one: log lines arrive from now on."""
        if not line:
            self._history.listens(now)
        line = _STAMP.sub("", line)
        if found := _KNOCKED.match(line):
            self._knocked = found[1]
        elif found := _CONNECTED.match(line):
            self._connected(found[2], found[1], now)
        elif found := _TAKEN.match(line):
            if found[1] != self._own:
                self._client(found[1]).taken.append(now)
        elif _REFUSED.match(line):
            self._refused.append((now, self._knocked))

    def faults(self, now: datetime) -> dict[str, str]:
        """The present faults, for the rules."""
        found = {}
        since = now - RECENT
        if clones := [
            text for id_, one in self._clients.items() if (text := _clone(id_, one, since))
        ]:
            more = f" (+{len(clones) - 1})" if len(clones) > 1 else ""
            found["clones"] = clones[-1] + more
        places = Counter(place for at, place in self._refused if at >= since)
        if (number := places.total()) >= REFUSED_LOGINS:
            [(place, _)] = places.most_common(1)
            found["logins"] = f"{number} in {RECENT.seconds // 60} min, {place}"
        return found

    def _connected(self, id_: str, place: str, now: datetime) -> None:
        if id_ == self._own:
            self._history.logged(now)
        else:
            self._client(id_).places.append((now, place))

    def _client(self, id_: str) -> _Client:
        client = self._clients.setdefault(id_, _Client())
        self._clients.move_to_end(id_)
        if len(self._clients) > CLIENTS:
            self._clients.popitem(last=False)
        return client


def _clone(id_: str, client: _Client, since: datetime) -> str:
    """A text about two clients with this id, or ""."""
    taken = sum(1 for at in client.taken if at >= since)
    places = sorted({place for at, place in client.places if at >= since})
    enough = TAKEOVERS_TWO_PLACES if len(places) > 1 else TAKEOVERS_ONE_PLACE
    if taken < enough:
        return ""
    return f"{id_[:32]}: {taken} takeovers in {RECENT.seconds // 60} min, {', '.join(places[:3])}"
