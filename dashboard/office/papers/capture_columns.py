"""The rows of the capture report: its columns and what stands in them.

Owns the columns and which of them are private. The ZIP with the photos: `bundle`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo

from dashboard.documents.table import Cell, Table
from dashboard.office.papers.captures import Capture, file_name
from dashboard.office.papers.claims import Claim
from gateway.config.office import ASKED, AskedField, Paperwork
from gateway.domain.model import TrapAction
from gateway.domain.species import UNKNOWN
from gateway.words.catalogue import Translations

PRIVATE_COLUMNS = {
    "time",
    "area",
    "trap",
    "lat",
    "lon",
    "captor",
    "permit",
    "note",
    "sha256",
    "sha256_sent",
    "photo_taken",
    "photo",
    "capture_kind",
    "body_part",
    "disposal",
    ASKED,
    "result",
    "confirmer",
    "way",
    "checked",
    "missing",
}
OTHER_DAY = timedelta(hours=24)


def table(
    found: Sequence[Claim],
    settings: Paperwork,
    words: Translations,
    zone: tzinfo,
    hunter_numbers: Mapping[str, str],
    *,
    public: bool = False,
) -> Table:
    """The report's rows in the configured columns; `public`: without the private columns."""
    columns = [one for one in settings.columns if not (public and one in PRIVATE_COLUMNS)]
    rows = []
    for one in found:
        cells = cells_of(one, settings, words, zone, hunter_numbers)
        rows.append(_row([cells[column] for column in columns]))
    head = [
        [field.label(words.language) for field in settings.fields]
        if column == ASKED
        else words(f"papers.{column}")
        for column in columns
    ]
    return Table(words("papers.title"), tuple(map(str, _row(head))), tuple(rows))


def _row(cells: Sequence[Cell | Sequence[Cell]]) -> tuple[Cell, ...]:
    """One row: a cell that is a list takes as many columns as it has values."""
    flat: list[Cell] = []
    for cell in cells:
        flat += [cell] if isinstance(cell, str | int | float | date | None) else list(cell)
    return tuple(flat)


def cells_of(
    claim: Claim,
    settings: Paperwork,
    words: Translations,
    zone: tzinfo,
    hunter_numbers: Mapping[str, str],
) -> dict[str, Cell | list[Cell]]:
    """What stands in each column for one capture."""
    one, action = claim.capture, claim.capture.action
    local = action.at.astimezone(zone)
    return {
        **claim.facts,
        **_checked(claim, words),
        **_place(one, words),
        "no": one.no,
        "date": local.date(),
        "time": local.strftime("%H:%M"),
        "species": words.name("species", action.species or UNKNOWN),
        "count": claim.count,
        "sex": words.name("sex", action.sex or "unknown"),
        "age": words.name("age", action.age or "unknown"),
        "weight_class": action.weight_class or "",
        "weight_kg": action.weight_kg,
        "hunter_number": hunter_numbers.get(one.mesh5km, ""),
        ASKED: [_answer(field, action, words) for field in settings.fields],
        "photo": _photo_names(one, words),
        "photo_taken": _taken(one, local, words),
        "sha256": " ".join(photo.sha256 for photo in one.photos if photo.sha256),
        "sha256_sent": " ".join(p.sent_sha256 for p in one.photos if p.sent_sha256),
        "note": action.note,
    }


def _place(one: Capture, words: Translations) -> dict[str, Cell]:
    """Where it was caught; the trap's id where the trap is not known any more."""
    device = one.device
    if device is None:
        unknown: dict[str, Cell] = dict.fromkeys(("area", "trap_type"), "")
        return unknown | {"trap": one.action.device, "mesh5km": "", "lat": None, "lon": None}
    return {
        "mesh5km": one.mesh5km,
        "area": device.area,
        "trap": device.label,
        "trap_type": words.name("trap_type", device.trap_type or "none"),
        "lat": _degrees(device.lat),
        "lon": _degrees(device.lon),
    }


def _checked(claim: Claim, words: Translations) -> dict[str, Cell]:
    """What the office found, what is missing, and whether it may be recorded twice."""
    check, twice = claim.check, claim.capture.duplicate
    return {
        "result": words(f"check.result.{check.result}") if check else "",
        "confirmer": check.confirmer if check else "",
        "way": words(f"check.way.{check.way}") if check and check.way else "",
        "checked": check.day if check else None,
        "missing": words("office.comma").join(words(f"papers.{name}") for name in claim.missing),
        "duplicate": words(f"papers.duplicate_{twice}") if twice else "",
    }


def _degrees(value: float | None) -> float | None:
    """Rounded to about a metre."""
    return None if value is None else round(value, 5)


def _answer(field: AskedField, action: TrapAction, words: Translations) -> str:
    """What was answered to the municipality."""
    given = action.fields.get(field.key, "")
    return words(f"form.{given}") if field.kind == "yes-no" and given else given


def _taken(one: Capture, local: datetime, words: Translations) -> str:
    """When the photos say that they were taken, and whether one says another day than the record."""
    said = [photo.taken for photo in one.photos if photo.taken]
    other = any(_is_other_day(time, local) for time in said)
    return " ".join([*said, *([words("papers.other_time")] if other else [])])


def _is_other_day(taken: str, local: datetime) -> bool:
    """Whether a photo's own time, local to whoever took it, is far from this one."""
    try:
        said = datetime.fromisoformat(taken)
    except ValueError:  # 2026-02-30 and the like
        return True
    return abs(said.replace(tzinfo=None) - local.replace(tzinfo=None)) > OTHER_DAY


def _photo_names(one: Capture, words: Translations) -> str:
    """The person's own words for a photo, the files in the bundle, and how many are awaited."""
    there = [file_name(one, index) for index, photo in enumerate(one.photos) if photo.path]
    awaited = len(one.photos) - len(there)
    own = [one.action.photo] if one.action.photo else []
    note = [words("photo.waiting", n=awaited)] if awaited else []
    return " ".join([*own, *there, *note])
