"""The texts of alerts: what, which trap, when, how late. PURE.

Owns the sentences in Japanese and English. Must not contain coordinates or secrets. Title and text about
one alert have fewer than 70 characters together, so that a mail or short message shows them completely. A
message about several alerts names each of them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.alerts.rules import TABLE
from gateway.domain import species
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.model import URGENT, Alert, Device, TimeQuality
from gateway.domain.refused.unknown_names import claimant

MAX_CHARACTERS = 69  # characters of title, space and text
LATE = timedelta(minutes=5)
MAX_NAME = 24  # characters of a local name

PARTS: Mapping[str, tuple[str, str]] = {  # parts of the gateway, as subjects of `gateway_fault`
    "disk": ("記憶装置", "disk"),
    "clock": ("時計", "clock"),
    "broker": ("受信（ブローカー）", "broker"),
    "sink": ("記録の転送", "forwarding"),
    "backlog": ("処理の遅れ", "messages not judged yet"),
    "drops": ("ブローカーの破棄", "broker dropped"),
    "gap": ("受信の欠け", "messages lost?"),
    "clones": ("同じ名前のセンサーが2台", "two with one id"),
    "logins": ("ブローカーへの不正なログイン", "refused logins"),
    "database": ("データベース（修復済み）", "database (salvaged)"),
    "file": ("データベースのファイル", "database file"),
    "wal": ("データベースのログ（-wal）が長い", "database log (-wal) too long"),
    "certificate": ("証明書", "certificate"),
    "delivery": ("通知の配信", "delivery"),
    "quota": ("通知の残り通数", "message quota"),
}
AGAIN = {
    "trapper": ("再通知 ", "Again: "),
    "deputy": ("応答なし ", "No answer: "),
    "office": ("応答なし ", "No answer: "),
}
DOUBT: Mapping[TimeQuality, tuple[str, str]] = {  # after the time, or in place of it
    TimeQuality.DOUBTFUL: ("（時刻不確か）", ", time doubtful"),
    TimeQuality.UNKNOWN: ("（ブローカーの保持・時刻不明）", " (kept by broker, time unknown)"),
}
OVER = ("終了 ", "Over: ")
NOTES_JA: Mapping[str, str] = {  # beginnings of notes that need a translation
    "mqtt.client_id used twice": "mqtt.client_id が二重に使われています",
}


def title(alert: Alert, language: str, asked: str = "", *, over: bool = False) -> str:
    """The rule's title; `asked`: the duty that this step of the escalation notifies."""
    rule, side = TABLE.get(alert.rule), int(language != "ja")
    before = OVER[side] if over else AGAIN[asked][side] if asked else ""
    name = alert.rule if rule is None else rule.title_en if side else rule.title_ja
    return before + name


def text(alert: Alert, device: Device | None, language: str, zone: ZoneInfo, now: datetime) -> str:
    """One line: which device, when, how late."""
    note = _note(alert, language)
    tail = _when(alert, language, zone, now)
    head = f"{subject(alert, device, language)}{note}"
    prefixes = AGAIN if alert.level in URGENT else ()  # only these are repeated
    titles = [title(alert, language, asked) for asked in prefixes]
    longest = max([*titles, title(alert, language, over=True)], key=len)
    return head[: MAX_CHARACTERS - 1 - len(longest) - len(tail)] + tail


def subject(alert: Alert, device: Device | None, language: str) -> str:
    """The name of the alert's subject for people."""
    if device:
        return device.label[:MAX_NAME]
    if alert.rule == RuleName.GATEWAY_FAULT:
        return PARTS.get(alert.subject, (alert.subject, alert.subject))[language != "ja"]
    if alert.rule == RuleName.MANY_NAMES:
        return claimant(alert.subject)[:MAX_NAME]
    if alert.rule == RuleName.UNREGISTERED_SPRING and alert.subject == "*":
        return "複数の機器" if language == "ja" else "several devices"
    if alert.rule == RuleName.MANY_SILENT:
        if alert.subject == "*":
            return "全体" if language == "ja" else "everything"
        return alert.subject.split(":", 1)[-1][:MAX_NAME]
    place, _, animal = alert.subject.rpartition("/")
    if place and animal in species.BY_CODE:
        return f"{place[:MAX_NAME]} {species.label(animal, language)}"
    return alert.subject[:MAX_NAME]


def gathered(
    alerts: Sequence[Alert],
    devices: Mapping[str, Device],
    language: str,
    zone: ZoneInfo,
    now: datetime,
    asked: str = "",
) -> tuple[str, str]:
    """Title and text of several alerts in one message: their number, and a line for each."""
    by_rule: dict[str, list[Alert]] = {}
    for alert in alerts:
        by_rule.setdefault(alert.rule, []).append(alert)
    ranked = sorted(by_rule.items(), key=lambda found: -len(found[1]))
    heads = [_counted(_name(rule, language), len(some), language) for rule, some in ranked]
    lines = []
    for head, (_, some) in zip(heads, ranked, strict=True):
        lines += [head] if len(ranked) > 1 else []
        lines += [_line(one, devices.get(one.subject), language, zone, now) for one in some]
    all_of_them = _counted("お知らせ" if language == "ja" else "Notices", len(alerts), language)
    before = AGAIN[asked][language != "ja"] if asked else ""
    return before + (heads[0] if len(ranked) == 1 else all_of_them), "\n".join(lines)


def _counted(name: str, count: int, language: str) -> str:
    return f"{name} {count}件" if language == "ja" else f"{name}: {count}"


def _line(alert: Alert, device: Device | None, language: str, zone: ZoneInfo, now: datetime) -> str:
    about = subject(alert, device, language)
    return f"{about}{_when(alert, language, zone, now, short=True)}"


def _name(rule: str, language: str) -> str:
    if rule not in TABLE:
        return rule
    return TABLE[rule].title_ja if language == "ja" else TABLE[rule].title_en


def _note(alert: Alert, language: str) -> str:
    if not alert.note:
        return ""
    if alert.rule == RuleName.MANY_NAMES:
        return f"（約{alert.note}の名前）" if language == "ja" else f" ({alert.note} names)"
    if language != "ja":
        return f" ({alert.note})"
    note = alert.note
    for begin, ja in NOTES_JA.items():
        note = note.replace(begin, ja)
    return f"（{note}）"


def _when(
    alert: Alert, language: str, zone: ZoneInfo, now: datetime, *, short: bool = False
) -> str:
    """The time, how late, and whether it can be trusted."""
    side = int(language != "ja")
    doubt = DOUBT[alert.doubt][side] if alert.doubt else ""
    if alert.doubt is TimeQuality.UNKNOWN:
        return doubt
    when = alert.observed_at.astimezone(zone)
    day = f"{when:%d %b} " if side else f"{when.month}月{when.day}日"
    if short:
        day = f"{when.month}/{when.day} "
    return f" {day}{when:%H:%M}{_late(now - alert.observed_at, language)}{doubt}"


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
