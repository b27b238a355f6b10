"""The season's captures by permit, as they are reported after its end (捕獲報告). PURE.

Owns the sums. Refused captures are left out; animals whose sex or age nobody said are counted apart.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta, tzinfo

from msgspec import Struct

from dashboard.documents.table import Table
from dashboard.office.papers.claims import Claim
from gateway.config.office import PermitTerm
from gateway.domain.species import UNKNOWN
from gateway.words.catalogue import Translations

KINDS = ("male", "female", "sex_unknown", "adult", "young", "age_unknown")
COLUMNS = ("permit", "species", "animals", *KINDS, "first", "last", "until", "due")


class PermitLine(Struct, frozen=True):
    """Animals of one species under one permit. `term`: None where the settings name none."""

    permit: str
    species: str
    animals: int
    kinds: dict[str, int]  # KINDS
    first: date
    last: date
    term: PermitTerm | None

    @property
    def due(self) -> date | None:
        """Until when the captures are reported."""
        return self.term.until + timedelta(self.term.report_days) if self.term else None


def lines(claims: Iterable[Claim], terms: Sequence[PermitTerm], zone: tzinfo) -> list[PermitLine]:
    """The lines by permit, its term and species; "": captures without a permit."""
    groups: dict[tuple[str, str, str], tuple[PermitTerm | None, list[tuple[date, Claim]]]] = {}
    for one in claims:
        if one.is_refused:
            continue
        day = one.capture.action.at.astimezone(zone).date()
        permit, animal = one.facts["permit"], one.capture.action.species or UNKNOWN
        term = _term(permit, day, terms)
        key = permit, str(term.since) if term else "", animal
        groups.setdefault(key, (term, []))[1].append((day, one))
    return [
        _line(permit, species, term, group)
        for (permit, _, species), (term, group) in sorted(groups.items(), key=lambda item: item[0])
    ]


def table(found: Sequence[PermitLine], words: Translations) -> Table:
    """The lines for page and paper."""
    rows = [
        (
            one.permit or words("permits.none"),
            words.name("species", one.species),
            one.animals,
            *(one.kinds[name] for name in KINDS),
            one.first,
            one.last,
            one.term.until if one.term else None,
            one.due,
        )
        for one in found
    ]
    head = tuple(words(f"permits.{name}") for name in COLUMNS)
    return Table(words("permits.title"), head, tuple(rows), words("permits.note"))


def _term(permit: str, day: date, terms: Sequence[PermitTerm]) -> PermitTerm | None:
    fitting = (one for one in terms if one.permit == permit and one.since <= day <= one.until)
    return next(fitting, None)


def _line(
    permit: str, species: str, term: PermitTerm | None, group: Sequence[tuple[date, Claim]]
) -> PermitLine:
    kinds = dict.fromkeys(KINDS, 0)
    for _, one in group:
        sex, age = one.capture.action.sex, one.capture.action.age
        kinds[sex if sex in {"male", "female"} else "sex_unknown"] += one.count
        kinds[age if age in {"adult", "young"} else "age_unknown"] += one.count
    days = [day for day, _ in group]
    animals = sum(one.count for _, one in group)
    return PermitLine(permit, species, animals, kinds, min(days), max(days), term)
