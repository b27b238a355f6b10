"""The mails of warnings: their texts, and the headers by which they end with one click (RFC 8058). No I/O.

Owns these texts. None holds a place more exact than a 1 km square or the name of the land.
"""

from urllib.parse import quote
from zoneinfo import ZoneInfo

from gateway.alerts.channels import Notification
from gateway.domain.geo.mesh_code import parent
from gateway.domain.reports.report import PUBLIC_SQUARE
from gateway.domain.reports.warning import Cause, Subscription
from gateway.domain.species import label
from gateway.store.reports.warnings import DueMail
from gateway.words.catalogue import Translations, translations

ONE = "/report/warnings/s/"
END = "/report/warnings/u/"


class MailTexts:
    """The mails of one site. `public_url`: its address without a slash at the end."""

    def __init__(self, public_url: str, site: str, zone: ZoneInfo) -> None:
        self._url, self._site, self._zone = public_url.rstrip("/"), site, zone

    def write(self, mail: DueMail) -> Notification:
        """A mail."""
        one, words = mail.subscription, translations(mail.subscription.language)
        if mail.cause is None:
            title, text = words("nearby.confirm_title"), self._confirm(one, words)
        else:
            title = words("nearby.title", species=label(mail.cause.species, one.language))
            text = self._warning(mail.cause, mail.left_out, one, words)
        urgent = mail.cause is not None and mail.cause.danger
        return Notification(f"warning-{mail.no}", f"{title} | {self._site}", text, urgent)

    def address(self, server: str, one: Subscription) -> str:
        """The Apprise URL of a mail to somebody, with the headers by which mail programs end it."""
        end = f"<{self._url}{END}{one.token}>"
        given = {
            "to": one.mail,
            "+List-Unsubscribe": end,
            "+List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items())
        return f"{server}{'&' if '?' in server else '?'}{query}"

    def _confirm(self, one: Subscription, words: Translations) -> str:
        return words("nearby.confirm", site=self._site, link=f"{self._url}{ONE}{one.token}")

    def _warning(self, cause: Cause, left_out: int, one: Subscription, words: Translations) -> str:
        at = cause.at.astimezone(self._zone)
        time = f"{at.month}/{at.day} {at:%H:%M}"
        species = label(cause.species, one.language)
        if cause.area:
            seen = words("nearby.in_area", species=species, area=cause.area, time=time)
        else:
            square = parent(cause.square, PUBLIC_SQUARE)
            seen = words("nearby.in_square", species=species, square=square, time=time)
        lines = [
            seen,
            "" if cause.checked else words("nearby.unchecked"),
            words("nearby.near", km=f"{one.radius_m / 1_000:g}"),
            words("nearby.left_out", n=left_out) if left_out else "",
            words("nearby.end", link=f"{self._url}{END}{one.token}"),
        ]
        return "\n".join(line for line in lines if line)
