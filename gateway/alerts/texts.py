"""The texts of alerts: what, which trap, when, how late. PURE.

Owns how they are put together; the words are in `gateway/words`. Must not contain coordinates or secrets.
Title and text about one alert have fewer than 70 characters together, so that a mail or short message
shows them completely. A message about several alerts names each of them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.domain import species
from gateway.domain.alerts.lifecycle import Duty
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.model import URGENT, Alert, AlertStatus, Device, TimeQuality
from gateway.words.catalogue import Language, Translations, translations

MAX_CHARACTERS = 69  # characters of title, space and text
LATE = timedelta(minutes=5)
MAX_NAME = 24  # characters of a local name
MOST_OF_NAME = 8  # characters of a person's name, where a line has little room
ASKED = (*Duty, *(f"late_{duty}" for duty in Duty))  # what a repeated message begins with
CLIENT_ID_TWICE = (
    "alert.client_id_twice"  # the beginning of a note that other code writes in English
)


def title(alert: Alert, language: Language, asked: str = "", *, over: bool = False) -> str:
    """The rule's title; `asked`: the duty that this step of the escalation notifies."""
    words = translations(language)
    before = words("alert.over") if over else _again(words, asked)
    return before + words.name("rule", alert.rule)


def text(
    alert: Alert, device: Device | None, language: Language, zone: ZoneInfo, now: datetime
) -> str:
    """One line: which device, when, how late."""
    words = translations(language)
    tail = _when(alert, words, zone, now) + _going(alert, words, zone)
    head = f"{subject(alert, device, language)}{_note(alert, words)}"
    prefixes = ASKED if alert.level in URGENT else ()  # only these are repeated
    titles = [title(alert, language, asked) for asked in prefixes]
    longest = max([*titles, title(alert, language, over=True)], key=len)
    return head[: MAX_CHARACTERS - 1 - len(longest) - len(tail)] + tail


def subject(alert: Alert, device: Device | None, language: Language) -> str:
    """The name of the alert's subject for people."""
    words = translations(language)
    if device:
        return device.label[:MAX_NAME]
    if alert.rule == RuleName.GATEWAY_FAULT:
        return words.name("gateway_part", alert.subject)
    if alert.rule == RuleName.RESIDENT_REPORT and alert.subject == "reports":
        return words("alert.reports")
    if alert.rule == RuleName.MANY_NAMES:
        return alert.subject[:MAX_NAME]
    if alert.rule == RuleName.UNREGISTERED_SPRING and alert.subject == "*":
        return words("alert.several_devices")
    if alert.rule == RuleName.MANY_SILENT:
        if alert.subject == "*":
            return words("alert.everything")
        return alert.subject.split(":", 1)[-1][:MAX_NAME]
    place, _, animal = alert.subject.rpartition("/")
    if place and animal in species.BY_CODE:
        return f"{place[:MAX_NAME]} {species.label(animal, language)}"
    return alert.subject[:MAX_NAME]


def gathered(
    alerts: Sequence[Alert],
    devices: Mapping[str, Device],
    language: Language,
    zone: ZoneInfo,
    now: datetime,
    asked: str = "",
) -> tuple[str, str]:
    """Title and text of several alerts in one message: their number, and a line for each."""
    words = translations(language)
    by_rule: dict[str, list[Alert]] = {}
    for alert in alerts:
        by_rule.setdefault(alert.rule, []).append(alert)
    ranked = sorted(by_rule.items(), key=lambda found: -len(found[1]))
    heads = [_counted(words, words.name("rule", rule), len(some)) for rule, some in ranked]
    lines = []
    for head, (_, some) in zip(heads, ranked, strict=True):
        lines += [head] if len(ranked) > 1 else []
        lines += [_line(one, devices.get(one.subject), words, zone, now) for one in some]
    all_of_them = _counted(words, words("alert.notices"), len(alerts))
    return _again(words, asked) + (heads[0] if len(ranked) == 1 else all_of_them), "\n".join(lines)


def _again(words: Translations, asked: str) -> str:
    return words(f"alert.again.{asked}") if asked else ""


def _counted(words: Translations, name: str, count: int) -> str:
    return words("alert.counted", name=name, count=count)


def _line(
    alert: Alert, device: Device | None, words: Translations, zone: ZoneInfo, now: datetime
) -> str:
    about = subject(alert, device, words.language)
    return f"{about}{_when(alert, words, zone, now, short=True)}"


def _note(alert: Alert, words: Translations) -> str:
    if not alert.note:
        return ""
    if alert.rule == RuleName.MANY_NAMES:
        return words("alert.names", count=alert.note)
    note = alert.note.replace(translations("en")(CLIENT_ID_TWICE), words(CLIENT_ID_TWICE))
    return words("alert.note", note=note)


def _when(
    alert: Alert, words: Translations, zone: ZoneInfo, now: datetime, *, short: bool = False
) -> str:
    """The time, how late, and whether it can be trusted."""
    doubt = words(f"alert.time.{alert.doubt}") if alert.doubt else ""
    if alert.doubt is TimeQuality.UNKNOWN:
        return doubt
    at = alert.observed_at.astimezone(zone)
    day = f"{at.month}/{at.day} " if short else words("alert.day", at=at)
    return f" {day}{at:%H:%M}{_late(now - alert.observed_at, words)}{doubt}"


def _going(alert: Alert, words: Translations, zone: ZoneInfo) -> str:
    """Who is on the way, and since when they should be there."""
    if alert.expected_at is None or alert.status is not AlertStatus.ACKNOWLEDGED:
        return ""
    at = alert.expected_at.astimezone(zone)
    return words("alert.going", name=alert.acknowledged_by[:MOST_OF_NAME], at=f"{at:%H:%M}")


def _late(delay: timedelta, words: Translations) -> str:
    if delay < LATE:
        return ""
    minutes = int(delay.total_seconds()) // 60
    if minutes < 120:
        return words("alert.minutes_ago", n=minutes)
    if minutes < 48 * 60:
        return words("alert.hours_ago", n=minutes // 60)
    return words("alert.days_ago", n=minutes // (24 * 60))
