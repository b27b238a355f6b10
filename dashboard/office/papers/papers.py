"""The rows of the capture report: its columns, and the check for captures that were recorded twice.

Owns the columns and which of them are private. The ZIP with the photos: `bundle`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from msgspec import Struct

from dashboard.documents.table import Cell, Table
from dashboard.office.papers.evidence import Evidence
from gateway.config.office import ASKED, AskedField, Paperwork
from gateway.domain.geo import mesh
from gateway.domain.model import ActionKind, Device, TrapAction
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
    ASKED,
}
OTHER_DAY = timedelta(hours=24)
FindPhotos = Callable[[TrapAction], tuple[Evidence, ...]]


class Capture(Struct, frozen=True):
    """A capture with its device, photos and possible duplicate."""

    no: int
    action: TrapAction
    device: Device | None
    mesh5km: str
    photos: tuple[Evidence, ...]
    duplicate: str  # why it may be the same animal twice: "photo" or "day"; "": no sign of it


def captures(
    actions: Iterable[TrapAction], devices: Mapping[str, Device], find: FindPhotos, zone: tzinfo
) -> list[Capture]:
    """Number the captures, oldest first, and mark possible duplicates."""
    ordered = sorted(
        (a for a in actions if a.deed is ActionKind.CAPTURED), key=lambda a: (a.at, a.id)
    )
    found = [find(action) for action in ordered]
    hashes = Counter(one for photos in found for one in {p.sha256 for p in photos if p.sha256})
    days = Counter(_day_key(action, zone) for action in ordered)
    return [
        Capture(
            no=no,
            action=action,
            device=devices.get(action.device),
            mesh5km=_mesh(devices.get(action.device)),
            photos=photos,
            duplicate=_duplicate(photos, hashes, days[_day_key(action, zone)]),
        )
        for no, (action, photos) in enumerate(zip(ordered, found, strict=True), start=1)
    ]


def table(
    found: Sequence[Capture],
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
        cells = _cells(one, settings, words, zone, hunter_numbers)
        rows.append(_row([cells[column] for column in columns]))
    head = [
        [field.label(words.language) for field in settings.fields]
        if column == ASKED
        else words(f"papers.{column}")
        for column in columns
    ]
    return Table(words("papers.title"), tuple(map(str, _row(head))), tuple(rows))


def file_name(capture: Capture, index: int) -> str:
    """What a photo of a capture is called in the bundle."""
    path = capture.photos[index].path
    suffix = ".png" if path and path.suffix.lower() == ".png" else ".jpg"
    return f"{capture.no:04}{f'-{index + 1}' if index else ''}{suffix}"


def _row(cells: Sequence[Cell | Sequence[Cell]]) -> tuple[Cell, ...]:
    """One row: a cell that is a list takes as many columns as it has values."""
    flat: list[Cell] = []
    for cell in cells:
        flat += [cell] if isinstance(cell, str | int | float | None) else list(cell)
    return tuple(flat)


def _cells(
    one: Capture,
    settings: Paperwork,
    words: Translations,
    zone: tzinfo,
    hunter_numbers: Mapping[str, str],
) -> dict[str, Cell | list[Cell]]:
    action, device, local = one.action, one.device, one.action.at.astimezone(zone)
    return {
        "no": one.no,
        "date": local.strftime("%Y/%m/%d"),
        "time": local.strftime("%H:%M"),
        "species": words.name("species", action.species or UNKNOWN),
        "count": action.count or 1,
        "sex": words.name("sex", action.sex or "unknown"),
        "weight_class": action.weight_class or "",
        "mesh5km": one.mesh5km,
        "hunter_number": hunter_numbers.get(one.mesh5km, ""),
        "area": device.area if device else "",
        "trap": device.label if device else action.device,
        "trap_type": words.name("trap_type", device.trap_type or "none") if device else "",
        "lat": _degrees(device.lat) if device else None,
        "lon": _degrees(device.lon) if device else None,
        "captor": action.by,
        "permit": settings.permits.get(action.device, settings.permit),
        "age": words.name("age", action.age or "unknown"),
        "weight_kg": action.weight_kg,
        ASKED: [_answer(field, action, words) for field in settings.fields],
        "photo": _photo_names(one, words),
        "photo_taken": _taken(one, local, words),
        "sha256": " ".join(photo.sha256 for photo in one.photos if photo.sha256),
        "sha256_sent": " ".join(p.sent_sha256 for p in one.photos if p.sent_sha256),
        "duplicate": words(f"papers.duplicate_{one.duplicate}") if one.duplicate else "",
        "note": action.note,
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


def _duplicate(photos: Sequence[Evidence], hashes: Counter[str], same_day: int) -> str:
    if any(hashes[photo.sha256] > 1 for photo in photos):
        return "photo"
    return "day" if same_day > 1 else ""


def _day_key(action: TrapAction, zone: tzinfo) -> tuple[str, ...]:
    """Captures with the same key may be one capture recorded twice."""
    day = action.at.astimezone(zone).date().isoformat()
    return action.device, day, action.species or "", action.sex or "", str(action.count or 1)


def _mesh(device: Device | None) -> str:
    return "" if device is None else mesh.code_or_empty(device.lat, device.lon, "5km")
