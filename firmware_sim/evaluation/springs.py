"""Springs: was every true spring that reached the broker told, once, and how soon?

Owns the matching of alerts with springs, by the message behind each alert. Must not know rules.
"""

import statistics
from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct

from firmware_sim.evaluation.record import GatewayRecord, StoredAlert
from firmware_sim.evaluation.story import SpringStory, Story

SPRUNG = "trap_sprung"
NAMED = {"silent", "many_silent", "unread", "battery_low", "visit_due"}  # somebody is told to look
AFTER_S = 86_400.0  # within which a spring that was not heard must be named


class SpringScore(Struct, frozen=True):
    """The fate of all springs."""

    springs: int
    heard: int  # a message that says so reached the broker before the trap was set again
    told: int  # of those: with one alert of their own, or added to one that was open
    doubled: int  # with more than one alert
    missed: int  # without any
    missed_names: list[str]
    not_heard: int  # nothing readable about it reached the broker, or too late
    not_heard_named: int  # of those: the trap was shown as unknown, or somebody was told to look
    not_heard_visited: int  # of those: a person set the trap again before anything was due
    false_alarms: int  # alerts of a spring without one
    delay_median_s: float | None  # from the broker to the alert
    delay_most_s: float | None
    whole_median_s: float | None  # from the spring to the alert, radio included
    whole_p99_s: float | None


def score(story: Story, record: GatewayRecord) -> SpringScore:
    """Compare the springs."""
    mine, false = _by_spring(story, [a for a in record.alerts if a.rule == SPRUNG])
    opened = [a for a in record.alerts if a.rule == SPRUNG]
    found = [(s, mine.get((s.device, s.at), [])) for s in story.springs]
    heard = [(spring, alerts) for spring, alerts in found if spring.in_time]
    missed = [s for s, alerts in heard if not alerts and not _joined(s, opened)]
    silent = [s for s, _ in found if not s.in_time]
    named = [s for s in silent if _is_named(s, record)]
    delays = [alerts[0].opened_at - (s.heard_at or 0) for s, alerts in heard if alerts]
    whole = sorted(alerts[0].opened_at - s.at for s, alerts in heard if alerts)
    return SpringScore(
        springs=len(story.springs),
        heard=len(heard),
        told=len(heard) - len(missed),
        doubled=sum(len(alerts) > 1 for _, alerts in heard),
        missed=len(missed),
        missed_names=[f"{s.device} {s.at:.0f}" for s in missed[:10]],
        not_heard=len(silent),
        not_heard_named=len(named),
        not_heard_visited=sum(s not in named and _was_visited(s, story) for s in silent),
        false_alarms=len(false),
        delay_median_s=statistics.median(delays) if delays else None,
        delay_most_s=max(delays, default=None),
        whole_median_s=statistics.median(whole) if whole else None,
        whole_p99_s=whole[int(0.99 * (len(whole) - 1))] if whole else None,
    )


def _by_spring(
    story: Story, alerts: Sequence[StoredAlert]
) -> tuple[dict[tuple[str, float], list[StoredAlert]], list[StoredAlert]]:
    """The alerts of each spring, and those of none."""
    by_trap: dict[str, list[SpringStory]] = defaultdict(list)
    for one in story.springs:
        by_trap[one.device].append(one)
    mine: dict[tuple[str, float], list[StoredAlert]] = defaultdict(list)
    false: list[StoredAlert] = []
    for alert in alerts:
        sent = story.sent.get((alert.subject, alert.event or ""))
        at = sent.at if sent is not None else alert.opened_at
        spring = next((s for s in by_trap[alert.subject] if s.at <= at < s.until), None)
        if spring is None or (sent is not None and sent.state != "sprung"):
            false.append(alert)
        else:
            mine[spring.device, spring.at].append(alert)
    return mine, false


def _joined(spring: SpringStory, alerts: Sequence[StoredAlert]) -> bool:
    """Whether an alert about the trap was open when its message came: nobody is told twice."""
    at = spring.heard_at or spring.at
    return any(
        alert.subject == spring.device
        and alert.opened_at <= at
        and (alert.resolved_at is None or alert.resolved_at >= at)
        for alert in alerts
    )


def _is_named(spring: SpringStory, record: GatewayRecord) -> bool:
    """Whether pages said "unknown" or an alert sent somebody, before the trap was visited."""
    until = min(spring.until, spring.at + AFTER_S)
    if any(
        shown.unknown and shown.device == spring.device and spring.at <= shown.at <= until
        for shown in record.shown
    ):
        return True
    return any(
        alert.rule in NAMED
        and alert.subject == spring.device
        and alert.opened_at <= until
        and (alert.resolved_at is None or alert.resolved_at >= spring.at)
        for alert in record.alerts
    )


def _was_visited(spring: SpringStory, story: Story) -> bool:
    return spring.until - spring.at < AFTER_S and spring.until < story.head.end
