"""States: did pages ever show a trap as armed that was known to be sprung, and is silence true?

Owns the comparison of samples of what pages showed. Must not know rules.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from itertools import pairwise

from msgspec import Struct

from firmware_sim.evaluation.record import GatewayRecord, Shown
from firmware_sim.evaluation.story import Story

JUST_S = 900.0  # a change so recent is not compared
# What pages call a trap -> the true state it stands for; an outcome is written down before the trap is set.
MEANS = {
    "armed": "armed",
    "sprung": "sprung",
    "captured": "sprung",
    "false_spring": "sprung",
    "non_target": "sprung",
    "dispatched": "sprung",
    "paused": "at_rest",
    "removed": "at_rest",
}
SILENT = "silent"


class StateScore(Struct, frozen=True):
    """Samples of traps' states, and alerts of silence."""

    shown: int
    right: int
    unknown: int  # shown as unknown: no claim
    behind: int  # not right, and nothing about the change had reached the broker
    wrong: int  # not right although the broker had the message
    wrong_names: list[str]
    silences: int  # times without a message, longer than SILENT_BEATS heartbeats
    silences_told: int
    silent_alerts: int
    silent_false: int  # of a device that had been heard within a heartbeat


SILENT_BEATS = 4


def score(story: Story, record: GatewayRecord) -> StateScore:
    """Compare the samples."""
    news = _news(story)
    kinds: Counter[str] = Counter()
    wrong: list[str] = []
    for shown in record.shown:
        kind = _kind(story, news, shown)
        kinds[kind] += 1
        if kind == "wrong":
            truly = story.state(shown.device, shown.at)
            wrong.append(f"{shown.device} {shown.at:.0f} shown {shown.state}, truly {truly}")
    gaps = _gaps(story)
    alerts = [alert for alert in record.alerts if alert.rule == SILENT]
    told = sum(
        any(
            a.rule in {SILENT, "many_silent"} and start <= a.opened_at <= end for a in record.alerts
        )
        for _, start, end in gaps
    )
    beat = story.head.heartbeat_s
    false = sum(
        a.opened_at - (story.last_heard(a.subject, a.opened_at) or 0) < beat for a in alerts
    )
    return StateScore(
        shown=sum(kinds.values()) - kinds["recent"],
        right=kinds["right"],
        unknown=kinds["unknown"],
        behind=kinds["behind"],
        wrong=kinds["wrong"],
        wrong_names=wrong[:10],
        silences=len(gaps),
        silences_told=told,
        silent_alerts=len(alerts),
        silent_false=false,
    )


def _news(story: Story) -> dict[str, list[tuple[float, float]]]:
    """By trap: when the broker got a message about its state, and when that message was sent."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for name, heard in story.heard.items():
        if (sent := story.sent.get(name)) is not None and sent.state:
            found[name[0]].append((heard.at, sent.at))
    for told in story.told:
        if told.recorded_at is not None:
            found[told.device].append((told.recorded_at, told.at))
    for one in found.values():
        one.sort()
    return found


def _kind(story: Story, news: dict[str, list[tuple[float, float]]], shown: Shown) -> str:
    truly = story.state(shown.device, shown.at)
    changes = story.states[shown.device]
    index = bisect_right(changes, shown.at, key=lambda change: change[0])
    since = changes[index - 1][0] if index else 0.0
    if not truly or shown.at - since < JUST_S:
        return "recent"
    if shown.unknown or not shown.state:
        return "unknown"
    if MEANS.get(shown.state) == truly:
        return "right"
    heard = any(
        since <= sent_at and heard_at <= shown.at - JUST_S
        for heard_at, sent_at in news[shown.device]
    )
    return "wrong" if heard else "behind"


def _gaps(story: Story) -> list[tuple[str, float, float]]:
    """Times of silence: device, from, until; nobody waits for a trap at rest."""
    found = []
    for device in story.head.devices:
        times = [story.head.start, *story.heard_times[device.id], story.head.end]
        for before, after in pairwise(times):
            resting = "at_rest" in (story.state(device.id, before), story.state(device.id, after))
            if after - before > SILENT_BEATS * story.head.heartbeat_s and not resting:
                found.append((device.id, before, after))
    return found
