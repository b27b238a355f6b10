"""What the municipality pays: the captures of a period by captor and rate, with the sum. PURE.

Owns which row of the tariff holds for a capture: the one that is valid on its day and says most of it. A
capture that was refused is not paid, one that nobody has looked at yet or that may be a duplicate is
counted apart. A capture without a row is listed with no amount, never with 0 yen.
"""

from collections.abc import Iterable, Sequence
from datetime import tzinfo

from msgspec import Struct

from dashboard.documents.table import Table
from dashboard.office.papers.claims import Claim
from gateway.config.office import Tariff
from gateway.domain.species import UNKNOWN
from gateway.words.catalogue import Translations

COLUMNS = ("captor", "species", "age", "capture_kind", "yen", "animals", "sum", "open", "doubtful")


class BountyLine(Struct, frozen=True):
    """Animals of one captor at one rate. `yen`: None where no row of the tariff holds."""

    captor: str
    species: str
    age: str
    kind: str
    yen: int | None
    animals: int  # all that were not refused
    open: int  # of these: nobody has looked at yet
    doubtful: int  # of these: may be recorded twice

    @property
    def sum(self) -> int | None:
        """What is paid for all of them."""
        return None if self.yen is None else self.yen * self.animals


def rate(claim: Claim, tariff: Sequence[Tariff], zone: tzinfo) -> int | None:
    """What is paid for one animal of a capture; None: no row holds on its day."""
    action = claim.capture.action
    day = action.at.astimezone(zone).date()
    rows = [
        one
        for one in tariff
        if one.species == (action.species or UNKNOWN)
        and one.age in {"", action.age}
        and one.kind in {"", claim.facts["capture_kind"]}
        and one.holds(day)
    ]
    return max(rows, key=_weight).yen if rows else None


def _weight(row: Tariff) -> tuple[int, bool]:
    """How much a row says; of one for a kind and one for an age that of the kind goes before."""
    return bool(row.age) + bool(row.kind), bool(row.kind)


def lines(claims: Iterable[Claim], tariff: Sequence[Tariff], zone: tzinfo) -> list[BountyLine]:
    """The lines, by captor, species, age, kind and rate."""
    found: dict[tuple[str, str, str, str, int | None], list[Claim]] = {}
    for one in claims:
        if one.is_refused:
            continue
        action = one.capture.action
        animal = action.species or UNKNOWN, action.age or "unknown"
        key = (
            one.facts["captor"],
            *animal,
            one.facts["capture_kind"],
            rate(one, tariff, zone),
        )
        found.setdefault(key, []).append(one)
    return [
        BountyLine(
            *key,
            sum(one.count for one in group),
            sum(one.count for one in group if not one.is_confirmed),
            sum(one.count for one in group if one.capture.duplicate and not one.is_confirmed),
        )
        for key, group in sorted(found.items(), key=lambda item: (*item[0][:4], item[0][4] or -1))
    ]


def table(found: Sequence[BountyLine], words: Translations) -> Table:
    """The lines with a last one for all."""
    rows = [
        (
            one.captor,
            words.name("species", one.species),
            words.name("age", one.age),
            one.kind,
            one.yen,
            one.animals,
            one.sum,
            one.open,
            one.doubtful,
        )
        for one in found
    ]
    whole = (
        words("bounty.whole"),
        "",
        "",
        "",
        None,
        sum(one.animals for one in found),
        sum(one.sum or 0 for one in found),
        sum(one.open for one in found),
        sum(one.doubtful for one in found),
    )
    head = tuple(words(f"bounty.{name}") for name in COLUMNS)
    unpaid = sum(one.animals for one in found if one.yen is None)
    note = words("bounty.note") + (words("bounty.unpaid", n=unpaid) if unpaid else "")
    return Table(words("bounty.title"), head, (*rows, whole), note)
