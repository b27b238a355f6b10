"""What changed between two states of one view, as the stream sends it. PURE.

Owns the form of the event `look`. A state that is not known is answered with everything.
"""

from datetime import datetime
from typing import Any

import msgspec

from dashboard.live.panels import Panel, Shown
from dashboard.live.snapshot import features

NOTHING = Shown({}, {}, ())


def difference(old: Shown | None, new: Shown) -> dict[str, Any]:
    """Changed panels, changed features, ids of removed devices, changed cells; {} if nothing changed."""
    before = old or NOTHING
    panels = {
        name: change
        for name, panel in new.panels.items()
        if (change := _panel(before.panels.get(name), panel))
    }
    changed = [one for id_, one in new.devices.items() if before.devices.get(id_) != one]
    gone = [id_ for id_ in before.devices if id_ not in new.devices]
    cells = {"cells": msgspec.to_builtins(new.cells)} if new.cells != before.cells else {}
    found: dict[str, Any] = {"panels": panels, "features": features(changed), "gone": gone, **cells}
    return {key: value for key, value in found.items() if value or key == "cells"}


def encoded(event: str, version: str, now: datetime, change: dict[str, Any]) -> bytes:
    """A server-sent event; JSON has no line break, so it is one line of data."""
    data = msgspec.json.encode({"now": now, **change})
    return b"event: %s\nid: %s\ndata: %s\n\n" % (event.encode(), version.encode(), data)


def _panel(old: Panel | None, new: Panel) -> dict[str, Any]:
    """The parts of one panel that changed: rows by key, the order of keys, the HTML around them."""
    known = old.rows if old else {}
    rows = {key: html for key, html in new.rows.items() if known.get(key) != html}
    change: dict[str, Any] = {"rows": rows} if rows else {}
    if old is None or old.shell != new.shell:
        return change | {"shell": new.shell, "slots": new.slots}
    return change | ({"slots": new.slots} if old.slots != new.slots else {})
