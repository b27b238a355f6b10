"""The words of an alert: what, which trap, when, how late if late. PURE.

Owns the sentences in Japanese and English. No coordinates, nothing secret; under 70 characters
without the link, so that a mail or short message shows it whole.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.model import Alert, Device
from gateway.rules import TABLE

LATE = timedelta(minutes=5)
NAME_KEPT = 24  # characters of a local name


def title(alert: Alert, language: str) -> str:
    """The rule's name."""
    rule = TABLE[alert.rule]
    return rule.title_ja if language == "ja" else rule.title_en


def text(alert: Alert, device: Device | None, language: str, zone: ZoneInfo, now: datetime) -> str:
    """One line: which, when, how late."""
    name = (device.label if device else alert.subject)[:NAME_KEPT]
    when = alert.observed_at.astimezone(zone)
    late = _late(now - alert.observed_at, language)
    if language == "ja":
        return f"{name} {when.month}月{when.day}日{when:%H:%M}{late}"
    return f"{name} {when:%d %b %H:%M}{late}"


def _late(delay: timedelta, language: str) -> str:
    if delay < LATE:
        return ""
    minutes = int(delay.total_seconds()) // 60
    if minutes < 120:
        return f"({minutes}分前)" if language == "ja" else f" ({minutes} min ago)"
    if minutes < 48 * 60:
        return f"({minutes // 60}時間前)" if language == "ja" else f" ({minutes // 60} h ago)"
    days = minutes // (24 * 60)
    return f"({days}日前)" if language == "ja" else f" ({days} days ago)"
