"""What one check found. PURE.

Owns the three outcomes and how a finding is worded. A finding's text is a key of the catalogue with its
values; its command is one line that a person can type.
"""

from enum import StrEnum

from msgspec import Struct

from gateway.words.catalogue import Translations, both


class Outcome(StrEnum):
    """What a check found."""

    WELL = "well"
    FAULT = "fault"
    UNKNOWN = "unknown"  # it cannot be told here, or nothing of the kind is set up


MARKS = {Outcome.WELL: "✓", Outcome.FAULT: "✗", Outcome.UNKNOWN: "–"}
TITLES = "check"  # the group of keys of the checks' titles


class Finding(Struct, frozen=True):
    """The result of one check."""

    outcome: Outcome
    key: str  # of the text in the catalogue
    values: dict[str, str | int | float]
    command: str = ""  # mends the fault
    check: str = ""  # the name of the check; set by the examination

    def text(self, words: Translations) -> str:
        """The text in the reader's language."""
        return words(self.key, **self.values)

    def title(self, words: Translations) -> str:
        """The title of the check in the reader's language."""
        return words(f"{TITLES}.{self.check}")

    @property
    def line(self) -> str:
        """One line for a terminal, in both languages."""
        said = f"{MARKS[self.outcome]} {both(f'{TITLES}.{self.check}')}: {self.told}"
        return " ".join(said.split()) + (f" → {self.command}" if self.command else "")

    @property
    def told(self) -> str:
        """The text in both languages."""
        return both(self.key, **self.values)


def well(key: str, **values: str | int | float) -> Finding:
    """Everything of this kind is in order."""
    return Finding(Outcome.WELL, key, values)


def unknown(key: str, **values: str | int | float) -> Finding:
    """It cannot be told here, or is not set up."""
    return Finding(Outcome.UNKNOWN, key, values)


def fault(key: str, command: str, **values: str | int | float) -> Finding:
    """Something is wrong; `command` mends it."""
    return Finding(Outcome.FAULT, key, values, command)
