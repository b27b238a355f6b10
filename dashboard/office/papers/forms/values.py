"""The values that named cells of a form can ask for. PURE.

Owns the keys. A day stays a real day; with `_era` it is text in the Japanese era, with `_year`, `_month`
and `_day` a part of it (the year of the era). A choice with `is_` before and its value behind is a circle
where it holds.
"""

from collections.abc import Mapping, Sequence
from datetime import date, tzinfo

from dashboard.documents.table import Cell
from dashboard.office.papers import bounty, capture_columns, permits
from dashboard.office.papers.bounty import BountyLine
from dashboard.office.papers.claims import Claim
from dashboard.office.papers.permits import PermitLine
from gateway.config.office import ASKED, COLUMNS, Paperwork
from gateway.domain import species
from gateway.domain.species import UNKNOWN
from gateway.domain.traps.capture_check import CheckResult, CheckWay
from gateway.words import japanese_era
from gateway.words.catalogue import Translations

Values = dict[str, Cell]
CIRCLE = "○"
DAYS = frozenset({"date", "checked", "first", "last", "until", "due", "today"})
ERA_PARTS = ("era", "year", "month", "day")
FORM_KEYS = (
    "site",
    "first",
    "last",
    "today",
    "captures",
    "animals",
    "sum",
    "captors",
    "captor",
    "fiscal_year",
    "page",
    "pages",
)
CHOICES: Mapping[str, tuple[str, ...]] = {
    "sex": ("male", "female", "unknown"),
    "age": ("adult", "young", "unknown"),
    "way": tuple(CheckWay),
    "result": tuple(CheckResult),
    "species": tuple(row.code for row in species.TABLE),
}


def keys(settings: Paperwork) -> dict[str, frozenset[str]]:
    """Every key that a name of a form may have, by its first part."""
    own = {f"field_{field.key}" for field in settings.fields}
    chosen = {f"is_{name}_{value}" for name, values in CHOICES.items() for value in values}
    plain = {
        "capture": {*COLUMNS, *own, *chosen} - {ASKED},
        "permit": set(permits.COLUMNS),
        "bounty": set(bounty.COLUMNS),
        "form": set(FORM_KEYS),
    }
    return {
        part: frozenset(names | {f"{name}_{era}" for name in names & DAYS for era in ERA_PARTS})
        for part, names in plain.items()
    }


def of_capture(
    claim: Claim,
    settings: Paperwork,
    words: Translations,
    zone: tzinfo,
    hunter_numbers: Mapping[str, str],
) -> Values:
    """The values of one capture: the columns of the papers, the municipality's own fields by key."""
    cells = capture_columns.cells_of(claim, settings, words, zone, hunter_numbers)
    plain: Values = {name: cell for name, cell in cells.items() if not isinstance(cell, list)}
    for field, answer in zip(settings.fields, _listed(cells[ASKED]), strict=True):
        plain[f"field_{field.key}"] = answer
    action, check = claim.capture.action, claim.check
    chosen = {
        "sex": action.sex or "unknown",
        "age": action.age or "unknown",
        "species": action.species or UNKNOWN,
        "way": check.way if check else None,
        "result": check.result if check else None,
    }
    for name, values in CHOICES.items():
        for value in values:
            plain[f"is_{name}_{value}"] = CIRCLE if chosen[name] == value else ""
    return with_eras(plain)


def of_permit(one: PermitLine, words: Translations) -> Values:
    """The values of one line of the season's report."""
    row = permits.table([one], words).rows[0]
    return with_eras(dict(zip(permits.COLUMNS, row, strict=True)))


def of_bounty(one: BountyLine, words: Translations) -> Values:
    """The values of one line of the bounty."""
    row = bounty.table([one], words).rows[0]
    return dict(zip(bounty.COLUMNS, row, strict=True))


def of_form(
    claims: Sequence[Claim],
    found: Sequence[BountyLine],
    first: date,
    last: date,
    today: date,
    site: str,
) -> Values:
    """The values of the whole paper."""
    kept = [one for one in claims if not one.is_refused]
    captors = sorted({one.facts["captor"] for one in kept})
    return with_eras(
        {
            "site": site,
            "first": first,
            "last": last,
            "today": today,
            "captures": len(kept),
            "animals": sum(one.count for one in kept),
            "sum": sum(one.sum or 0 for one in found),
            "captors": len(captors),
            "captor": captors[0] if len(captors) == 1 else "",
            "fiscal_year": japanese_era.fiscal_year_text(
                first.year if first.month >= 4 else first.year - 1
            ),
            "page": None,  # filled for each sheet
            "pages": None,
        }
    )


def with_eras(values: Values) -> Values:
    """The same with each day in the Japanese era too, as text and in parts."""
    found = dict(values)
    for name, value in values.items():
        if isinstance(value, date) or (value is None and name in DAYS):
            found |= _era(name, value if isinstance(value, date) else None)
    return found


def _era(name: str, day: date | None) -> Values:
    if day is None:
        return dict.fromkeys(f"{name}_{part}" for part in ERA_PARTS)
    return {
        f"{name}_era": japanese_era.day_text(day),
        f"{name}_year": japanese_era.year_of_era(day)[1],
        f"{name}_month": day.month,
        f"{name}_day": day.day,
    }


def _listed(cell: Cell | list[Cell]) -> list[Cell]:
    return cell if isinstance(cell, list) else [cell]
