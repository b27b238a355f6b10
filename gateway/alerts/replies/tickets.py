"""Tickets: a few letters in a message by which a reply names it. No I/O.

Owns their spelling and their signature. A ticket is the number of the delivery and a signature that only the
gateway can make; of a button it covers the answer too, so that nobody can make another one of it.
"""

import hashlib
import hmac
import re
import unicodedata

from msgspec import Struct

from gateway.domain.people.signing import Keys

LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is mistaken for another
SIGNED = 8  # letters of the signature: 39 bits
SIGNED_BUTTON = 20  # nobody types these: 98 bits
_FOUND = re.compile(
    rf"(?<![\w-])([{LETTERS}]{{1,12}})-([{LETTERS}]{{{SIGNED},{SIGNED_BUTTON}}})(?![\w-])"
)
_SHORT = re.compile(rf"#([{LETTERS}]{{2,12}})(?![\w-])")
MAX_TICKETS = 20  # that are read from one text


class FoundTicket(Struct, frozen=True):
    """A ticket as it stands in a text."""

    no: int
    signature: str


class Tickets:
    """Makes and checks tickets with the secrets that are accepted now."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def spell(self, no: int, person: str, answer: str = "") -> str:
        """The ticket of a delivery to a person; `answer`: of a button."""
        return f"{spell_number(no)}-{_sign(self._keys()[-1], no, person, answer)}"

    def is_ours(self, ticket: FoundTicket, person: str, answer: str = "") -> bool:
        """Whether we made it for this person and, of a button, this answer."""
        return any(
            hmac.compare_digest(_sign(key, ticket.no, person, answer), ticket.signature)
            for key in self._keys()
        )


def plain(text: str) -> str:
    """A text as it is read: full-width digits and letters are those of ASCII."""
    return unicodedata.normalize("NFKC", text)


def find(text: str) -> list[FoundTicket]:
    """The tickets that stand in a text, each once, in their order."""
    found = (FoundTicket(read_number(no), sign) for no, sign in _FOUND.findall(plain(text).upper()))
    return list(dict.fromkeys(found))[:MAX_TICKETS]


def find_numbers(text: str) -> list[int]:
    """Numbers of deliveries without a signature, as a radio's short text names them: #3K."""
    return [read_number(one) for one in _SHORT.findall(plain(text).upper())][:MAX_TICKETS]


def without(text: str) -> str:
    """A text without its tickets."""
    return _SHORT.sub(" ", _FOUND.sub(" ", plain(text).upper()))


def spell_number(no: int) -> str:
    """A number in our letters, at least two of them so that it is no answer."""
    text = ""
    while no or len(text) < 2:
        no, rest = divmod(no, len(LETTERS))
        text = LETTERS[rest] + text
    return text


def read_number(text: str) -> int:
    """The number that is spelled so."""
    no = 0
    for letter in text:
        no = no * len(LETTERS) + LETTERS.index(letter)
    return no


def _sign(key: str, no: int, person: str, answer: str) -> str:
    secret = hashlib.sha256(b"reply tickets\0" + key.encode()).digest()
    said = f"{no}\0{person}\0{answer}".encode()
    value = int.from_bytes(hmac.digest(secret, said, "sha256"))
    letters = []
    for _ in range(SIGNED_BUTTON if answer else SIGNED):
        value, rest = divmod(value, len(LETTERS))
        letters.append(LETTERS[rest])
    return "".join(letters)
