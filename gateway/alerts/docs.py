"""Writes the tables of `ALERTS.md` from the tables in the code. PURE.

Owns the Markdown between the markers. ``python -m gateway.alerts.docs`` rewrites the file; a test fails
if it differs.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from gateway.alerts.channels.table import CHANNELS, UNLIMITED
from gateway.alerts.replies.answers import ANSWERS
from gateway.alerts.rules import RULES
from gateway.config import Alerts
from gateway.config.actions import Actions
from gateway.config.thresholds import Limits
from gateway.domain.alerts.lifecycle import ALERT_TRANSITIONS, AlertChange
from gateway.domain.model import ActionKind, Kind
from gateway.domain.trap_lifecycle import TRANSITIONS
from gateway.words.catalogue import both, translations

FILE = Path(__file__).parents[1] / "ALERTS.md"


REPLY_WAYS = (
    ("mail (`mailto:`)", "a reply mail", "address and ticket", "IMAP server, IDLE", "`imap_host`"),
    ("ntfy (`ntfy:`)", "a button", "ticket of the answer", "stream of a topic", "`ntfy_url`"),
    ("`meshtastic:`", "a text", "the node", "the broker", "`meshtastic`"),
    ("`line:`", "the message's link", "the link", "needs a public address", "-"),
    (
        "all others",
        "the message's link",
        "the link",
        "needs an address that the phone reaches",
        "-",
    ),
    ("`mqtt:`, `webhook:`, `console:`", "not answered", "-", "-", "-"),
)


def trap_table() -> str:
    """One row per state, one column per input, the next state in the cells."""
    ja, en = translations("ja"), translations("en")
    words = [
        Kind.SPRUNG,
        Kind.SET,
        *(action for action in ActionKind if action is not ActionKind.VISITED),
    ]
    heads = [
        "sensor: sprung",
        "sensor: set",
        *(en(f"action.{w}") for w in words if isinstance(w, ActionKind)),
    ]
    rows = []
    for state, row in TRANSITIONS.items():
        cells = [en(f"trap_state.{row[word]}") if word in row else "·" for word in words]
        name = f"trap_state.{state or 'unknown'}"
        rows.append([f"**{en(name)}** {ja(name)}", *cells])
    return _table(["state", *heads], rows)


def life_table() -> str:
    """The transitions of an alert's status."""
    rows = [
        [f"**{status}**", *(str(row.get(change, "·")) for change in AlertChange)]
        for status, row in ALERT_TRANSITIONS.items()
    ]
    return _table(["state", *AlertChange], rows)


def rule_table() -> str:
    """One row per rule."""
    rows = [
        [
            f"`{r.name}`",
            both(f"rule.{r.name}"),
            r.level,
            r.audience,
            "yes" if r.urgent else "",
            r.opens,
            r.ends,
        ]
        for r in RULES
    ]
    return _table(
        ["rule", "words", "level", "notified first", "ignores quiet hours", "opens", "ends"], rows
    )


def limit_table() -> str:
    """Thresholds of `[rules]`, times of `[alerts]` and `[actions]` with their defaults."""
    sections = {"rules": Limits(), "alerts": Alerts(), "actions": Actions()}
    rows = [
        [f"`{section}.{name}`", _value(getattr(values, name))]
        for section, values in sections.items()
        for name in values.__struct_fields__
    ]
    return _table(["setting", "default"], rows)


def channel_table() -> str:
    """One row per channel."""
    rows = [
        [
            c.name,
            ", ".join(f"`{s}:`" for s in c.schemes) or "all others",
            c.title,
            "yes" if c.at_once > 1 else "no",
            _most(c.singly),
            _most(c.burst),
        ]
        for c in CHANNELS
    ]
    heads = [
        "channel",
        "address",
        "what",
        "recognises repeats",
        "captures sent singly",
        "captures a minute",
    ]
    return _table(heads, rows)


def _most(number: int) -> str:
    return "any number" if number >= UNLIMITED else str(number)


def reply_table() -> str:
    """Which channel can be answered how."""
    heads = ["channel", "answered by", "who is believed", "what the gateway connects to", "setting"]
    return _table(heads, REPLY_WAYS)


def answer_table() -> str:
    """One row per answer."""
    en = translations("en")
    rows = [
        [
            row.digit,
            en(f"action.{row.does}" if row.does else "reply.on_the_way"),
            "、".join(row.words),
        ]
        for row in ANSWERS
    ]
    return _table(["digit", "meaning", "words"], rows)


TABLES: Mapping[str, Callable[[], str]] = {
    "trap": trap_table,
    "life": life_table,
    "rules": rule_table,
    "limits": limit_table,
    "channels": channel_table,
    "replies": reply_table,
    "answers": answer_table,
}


def filled(text: str) -> str:
    """`text` with each table between its markers replaced. Raises ValueError if markers are missing."""
    for name, write in TABLES.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"no markers for {name}")
        table = write()
        text = pattern.sub(lambda _, t=table, b=begin, e=end: f"{b}\n{t}\n{e}", text)  # type: ignore[misc]
    return text


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    return str(value) or "-"


if __name__ == "__main__":
    FILE.write_text(filled(FILE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{FILE.name}\n")
