"""The captures of a period: numbered, with their photos, and those that may be recorded twice. PURE.

Owns the numbering and the signs of a duplicate. Its columns: `capture_columns`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo

from msgspec import Struct

from dashboard.office.papers.evidence import Evidence
from gateway.domain.geo import mesh
from gateway.domain.model import ActionKind, Device, TrapAction

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


def file_name(capture: Capture, index: int) -> str:
    """What a photo of a capture is called in the bundle."""
    path = capture.photos[index].path
    suffix = ".png" if path and path.suffix.lower() == ".png" else ".jpg"
    return f"{capture.no:04}{f'-{index + 1}' if index else ''}{suffix}"
