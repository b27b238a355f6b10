"""The rows of the capture report, and the bundle of evidence for the bounty.

Owns the columns, the check for duplicates and the content of a bundle. A bundle for the office has the
original photos, because evidence must not be changed. A bundle for publication has photos without
metadata, and no person, no trap and no place finer than a 5 km square.
"""

import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo

from msgspec import Struct

from dashboard.documents import spreadsheet
from dashboard.documents.table import Cell, Table
from dashboard.office.papers import photos
from dashboard.office.papers.photos import Photo, PhotoError
from gateway.config.office import Paperwork
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
    "photo",
}
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed time (the oldest of a ZIP): equal content, equal bytes

FindPhoto = Callable[[str], Photo | None]


class Capture(Struct, frozen=True):
    """A capture with its device, photo and possible duplicate."""

    no: int
    action: TrapAction
    device: Device | None
    mesh5km: str
    photo: Photo | None
    duplicate: str  # why it may be the same animal twice: "photo" or "day"; "": no sign of it


def captures(
    actions: Iterable[TrapAction], devices: Mapping[str, Device], find: FindPhoto, zone: tzinfo
) -> list[Capture]:
    """Number the captures, oldest first, and mark possible duplicates."""
    ordered = sorted(
        (a for a in actions if a.deed is ActionKind.CAPTURED), key=lambda a: (a.at, a.id)
    )
    found = [find(action.photo or "") for action in ordered]
    hashes = Counter(photo.sha256 for photo in found if photo)
    days = Counter(_day_key(action, zone) for action in ordered)
    return [
        Capture(
            no=no,
            action=action,
            device=devices.get(action.device),
            mesh5km=_mesh(devices.get(action.device)),
            photo=photo,
            duplicate=_duplicate(photo, hashes, days[_day_key(action, zone)]),
        )
        for no, (action, photo) in enumerate(zip(ordered, found, strict=True), start=1)
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
        rows.append(tuple(cells[column] for column in columns))
    head = tuple(words(f"papers.{column}") for column in columns)
    return Table(words("papers.title"), head, tuple(rows))


def bundle(
    found: Sequence[Capture], rows: Table, words: Translations, *, public: bool = False
) -> bytes:
    """A ZIP of the rows (XLSX, CSV), the photos and the SHA-256 of every file in it."""
    files: dict[str, bytes] = {
        "captures.xlsx": spreadsheet.xlsx_bytes([rows]),
        "captures.csv": spreadsheet.csv_bytes(rows),
    }
    left_out: list[str] = []
    for one in found:
        if one.photo is None:
            continue
        try:
            data = photos.stripped(one.photo.data) if public else one.photo.data
        except PhotoError as error:
            left_out.append(f"{one.no}: {error}")
            continue
        files[f"photos/{one.no:04}{_suffix(one.photo)}"] = data
    files["README.txt"] = _readme(words, left_out, public=public)
    sums = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items()]
    files["SHA256SUMS"] = "".join(sums).encode()
    return _zip(files)


def _cells(
    one: Capture,
    settings: Paperwork,
    words: Translations,
    zone: tzinfo,
    hunter_numbers: Mapping[str, str],
) -> dict[str, Cell]:
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
        "photo": action.photo or "",
        "sha256": one.photo.sha256 if one.photo else "",
        "duplicate": words(f"papers.duplicate_{one.duplicate}") if one.duplicate else "",
        "note": action.note,
    }


def _degrees(value: float | None) -> float | None:
    """Rounded to about a metre."""
    return None if value is None else round(value, 5)


def _duplicate(photo: Photo | None, hashes: Counter[str], same_day: int) -> str:
    if photo and hashes[photo.sha256] > 1:
        return "photo"
    return "day" if same_day > 1 else ""


def _day_key(action: TrapAction, zone: tzinfo) -> tuple[str, ...]:
    """Captures with the same key may be one capture recorded twice."""
    day = action.at.astimezone(zone).date().isoformat()
    return action.device, day, action.species or "", action.sex or "", str(action.count or 1)


def _mesh(device: Device | None) -> str:
    return "" if device is None else mesh.code_or_empty(device.lat, device.lon, "5km")


def _suffix(photo: Photo) -> str:
    return ".png" if photo.data.startswith(photos.PNG) else ".jpg"


def _readme(words: Translations, left_out: list[str], *, public: bool) -> bytes:
    lines = [words("papers.readme_public" if public else "papers.readme_office")]
    if left_out:
        lines += [words("papers.left_out"), *left_out]
    return "\r\n".join([*lines, ""]).encode("utf-8-sig")


def _zip(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, ZIP_EPOCH), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
