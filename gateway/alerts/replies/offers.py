"""How a message says that it can be answered: a line with its ticket, or buttons. No I/O.

Owns which message offers what. Must not send nor decide what an answer does.
"""

from msgspec import Struct

from gateway.alerts.channels import Button
from gateway.alerts.channels.senders import MAIL, NTFY
from gateway.alerts.channels.table import scheme_of
from gateway.alerts.replies.answers import ANSWERS
from gateway.alerts.replies.tickets import Tickets
from gateway.config.replies import Replies
from gateway.words.catalogue import Language, translations

BUTTONS = ("1", "2", "3")  # ntfy shows three


class Offer(Struct, frozen=True):
    """What is added to a message. `line`: to its text."""

    line: str = ""
    buttons: tuple[Button, ...] = ()


class Offers:
    """The offers of one site."""

    def __init__(self, settings: Replies, tickets: Tickets) -> None:
        self._settings, self._tickets = settings, tickets

    def of(self, no: int, person: str, url: str, language: Language) -> Offer:
        """What the message of a delivery offers on a channel."""
        words, scheme = translations(language), scheme_of(url)
        if scheme in MAIL and self._settings.imap_host:
            return Offer(words("reply.how", ticket=self._tickets.spell(no, person)))
        if scheme in NTFY and self._settings.ntfy_url:
            return Offer(
                buttons=tuple(self._button(no, person, digit, language) for digit in BUTTONS)
            )
        return Offer()

    def _button(self, no: int, person: str, digit: str, language: Language) -> Button:
        words = translations(language)
        [row] = [row for row in ANSWERS if row.digit == digit]
        label = words(f"action.{row.does}") if row.does else words("reply.on_the_way")
        body = f"{self._tickets.spell(no, person, digit)}:{digit}"
        return Button(label, self._settings.ntfy_url, body)
