"""News about an alert for those who were notified of it: who goes, and how it ended. PURE.

Owns how they are put together; the words are in `gateway/words`. Must not decide who gets them (`policy`).
"""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from gateway.alerts import texts
from gateway.domain import species
from gateway.domain.model import Alert, AlertStatus, Device
from gateway.words.catalogue import Language, Translations, translations


def write(
    alerts: Sequence[Alert], devices: Mapping[str, Device], language: Language, zone: ZoneInfo
) -> tuple[str, str]:
    """Title and text: a line for each alert, as it stands now."""
    words = translations(language)
    over = all(alert.status is AlertStatus.RESOLVED for alert in alerts)
    title = words("news.ended" if over else "news.taken")
    if len(alerts) > 1:
        title = words("alert.counted", name=title, count=len(alerts))
    return title, "\n".join(_line(one, devices.get(one.subject), words, zone) for one in alerts)


def _line(alert: Alert, device: Device | None, words: Translations, zone: ZoneInfo) -> str:
    about = texts.subject(alert, device, words.language)
    if alert.status is AlertStatus.RESOLVED:
        return f"{about} {_outcome(alert, words)}"
    if alert.expected_at is None:
        return words("news.going", about=about, name=alert.acknowledged_by)
    at = alert.expected_at.astimezone(zone)
    return words("news.going_until", about=about, name=alert.acknowledged_by, at=f"{at:%H:%M}")


def _outcome(alert: Alert, words: Translations) -> str:
    """How it ended: what a person recorded, or that nobody did."""
    deed, _, found = alert.how.partition(":")
    if not deed:
        return words("news.no_outcome")
    animal, _, count = found.partition(":")
    name = species.label(animal, words.language) if animal else ""
    what = words("news.animals", name=name, count=count) if name and count else name
    done = words(f"action.{deed}")
    return words("news.outcome", done=done, what=what, name=alert.resolved_by)
