"""The parts of the live pages that change: each is rendered once for all readers of the same view.

Owns how a panel is divided into rows and what is kept of rendered HTML. Must not know who reads.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from itertools import count
from typing import Any

from markupsafe import Markup
from msgspec import Struct

from dashboard.live.device_view import DeviceView
from dashboard.live.listing import Listing, list_traps
from dashboard.live.map_marks import Cell, divide
from dashboard.live.need import action_of, need_of
from dashboard.live.restricted import snapshot_for
from dashboard.live.routes_there import links_to
from dashboard.live.snapshot import Snapshot
from dashboard.web.i18n import text
from dashboard.web.responses import Reply, about
from gateway.domain.model import Event
from gateway.domain.people.permissions import Access
from gateway.words.catalogue import Language

PANELS = ("alerts", "events", "traps")
MAP = "map"
OPEN_ALERTS = 5  # the rest is folded
MARK = "<!--rows-->"  # where a shell takes its rows; names are escaped and cannot contain it
KEPT_VIEWS = 128  # rendered views, the oldest go first


class View(Struct, frozen=True):
    """What one page shows. Readers with equal views share everything that is rendered."""

    language: Language
    parts: tuple[str, ...]  # of PANELS and MAP
    access: Access = Access()  # without the name: what they may see is the same for all of them
    query: str = ""
    page: int = 1
    only_own: bool = False  # the list has only the reader's own traps


class Panel(Struct, frozen=True):
    """HTML around rows, and the rows by key; each slot of the shell names the keys in its order."""

    shell: str
    slots: tuple[tuple[str, ...], ...]
    rows: dict[str, str]

    def __html__(self) -> str:
        """The whole panel, for the page itself."""
        parts = self.shell.split(MARK)
        html = parts[0]
        for keys, rest in zip(self.slots, parts[1:], strict=True):
            html += "".join(self.rows[key] for key in keys) + rest
        return html


class Shown(Struct, frozen=True):
    """Everything that a view shows of one snapshot."""

    panels: dict[str, Panel]
    devices: dict[str, DeviceView]  # drawn on the map, by id
    cells: tuple[Cell, ...]  # the devices that are not drawn one by one


class Panels:
    """Renders views of snapshots and keeps the newest."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._shown: OrderedDict[tuple[str, View], Shown] = OrderedDict()
        self._seen_version = ""
        self._seen: dict[Access, Snapshot] = {}
        self._rows = _Rows()

    def known(self, version: str, view: View) -> Shown | None:
        """What a page of this version shows, if it is still kept."""
        return self._shown.get((version, view))

    def seen(self, version: str, everything: Snapshot, view: View) -> Snapshot:
        """What the readers of a view may see of this version; worked out once."""
        if version != self._seen_version:
            self._seen_version, self._seen = version, {}
        if view.access not in self._seen:
            self._seen[view.access] = snapshot_for(everything, view.access)
        return self._seen[view.access]

    def show(self, version: str, everything: Snapshot, view: View) -> Shown:
        """What a view shows of this version."""
        found = self._shown.get((version, view))
        if found is None:
            self._rows.begin(version)
            found = self._shown[version, view] = self._render(
                self.seen(version, everything, view), view
            )
            if len(self._shown) > KEPT_VIEWS:
                self._shown.popitem(last=False)
        return found

    def _render(self, snapshot: Snapshot, view: View) -> Shown:
        makers: dict[str, Callable[[Snapshot, View], Panel]] = {
            "alerts": self._alerts,
            "events": self._events,
            "traps": self._traps,
        }
        panels = {name: makers[name](snapshot, view) for name in PANELS if name in view.parts}
        drawn, cells = divide(snapshot.devices) if MAP in view.parts else ([], ())
        return Shown(panels, {one.id: one for one in drawn}, cells)

    def _traps(self, snapshot: Snapshot, view: View) -> Panel:
        listing = list_traps(
            snapshot.devices, view.query, view.page, view.access, only_own=view.only_own
        )
        rows = self._rendered("trap", view, snapshot, {trap.id: trap for trap in listing.traps})
        return self._panel("traps", snapshot, view, rows, [rows], listing=listing)

    def _alerts(self, snapshot: Snapshot, view: View) -> Panel:
        words, names = text(view.language), snapshot.names
        values = _keyed(
            (alert.id, (alert, *about(alert, names, words))) for alert in snapshot.alerts
        )
        rows = self._rendered("alert", view, snapshot, values)
        keys = list(rows)
        slots = [keys[:OPEN_ALERTS], keys[OPEN_ALERTS:]]
        return self._panel("alerts", snapshot, view, rows, [keys for keys in slots if keys])

    def _events(self, snapshot: Snapshot, view: View) -> Panel:
        values = _keyed(
            (_digest(event), (event, snapshot.names.get(event.device, event.device)))
            for event in snapshot.events
        )
        rows = self._rendered("event", view, snapshot, values)
        return self._panel("events", snapshot, view, rows, [rows])

    def _rendered(
        self, kind: str, view: View, snapshot: Snapshot, values: Mapping[str, Any]
    ) -> dict[str, str]:
        """The HTML of each row by its key."""
        now, words = snapshot.at, text(view.language)
        year = now.astimezone(self._reply.zone).year  # times of another year are written with it

        def render(key: str, value: Any) -> str:
            more = _of_trap(value) if kind == "trap" else {}
            return self._reply.fragment(f"row_{kind}.html", words, now, key=key, row=value, **more)

        return {
            key: self._rows.get(
                (kind, view.language, year, key), value, partial(render, key, value)
            )
            for key, value in values.items()
        }

    def _panel(
        self,
        name: str,
        snapshot: Snapshot,
        view: View,
        rows: dict[str, str],
        slots: Sequence[Iterable[str]],
        listing: Listing | None = None,
    ) -> Panel:
        shell = self._reply.fragment(
            f"panel_{name}.html",
            text(view.language),
            snapshot.at,
            rows=Markup(MARK),  # noqa: S704 - a mark of our own, replaced by rows already escaped
            count=len(rows),
            listing=listing,
            opened=OPEN_ALERTS,
        )
        keys = tuple(tuple(slot) for slot in slots) if rows else ()
        return Panel(shell, keys, rows)


def _of_trap(trap: DeviceView) -> dict[str, Any]:
    """What a row shows beside the device: its need, the action it offers, and the way there."""
    way = links_to(trap.lat, trap.lon) if not trap.traps else None
    return {"need": need_of(trap), "action": action_of(trap), "way": way}


def _keyed(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """By key; several things in one 5 km square may have the same one."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        free = (f"{key}-{n}" for n in count(2)) if key in found else iter((key,))
        found[next(one for one in free if one not in found)] = value
    return found


def _digest(event: Event) -> str:
    """A key that tells nobody the name of a device."""
    text = f"{event.device}/{event.id}/{event.kind}/{event.observed_at.isoformat()}"
    return blake2b(text.encode(), digest_size=9).hexdigest()


class _Rows:
    """HTML of rows; kept while a version uses them, and until the next version has looked."""

    def __init__(self) -> None:
        self._version = ""
        self._now: dict[Hashable, tuple[Any, str]] = {}
        self._before: dict[Hashable, tuple[Any, str]] = {}

    def begin(self, version: str) -> None:
        """Rows that the version before did not use are forgotten."""
        if version != self._version:
            self._version, self._before, self._now = version, self._now, {}

    def get(self, key: Hashable, value: Any, render: Callable[[], str]) -> str:
        """The HTML of a row; rendered again only if its value is another one."""
        found = self._now.get(key) or self._before.get(key)
        if found is None or found[0] != value:
            found = value, render()
        self._now[key] = found
        return found[1]
