"""A capture as the office files it: what was recorded, what the counter found, what is missing. PURE.

Owns which of two statements counts: what the counter completed goes before what the trapper recorded, and
that before the settings. Must not know columns of a paper.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from dashboard.office.papers.captures import Capture
from gateway.config.office import Paperwork
from gateway.domain.species import UNKNOWN
from gateway.domain.traps.capture_check import FACTS, CaptureCheck, CheckResult


class Claim(Struct, frozen=True):
    """A capture with its newest check. `facts`: captor, permit, kind, part shown, disposal; "": not known."""

    capture: Capture
    check: CaptureCheck | None
    facts: dict[str, str]
    missing: tuple[str, ...]  # required columns that nobody filled

    @property
    def is_refused(self) -> bool:
        """Whether the office does not accept it."""
        return self.check is not None and self.check.result is CheckResult.REFUSED

    @property
    def is_confirmed(self) -> bool:
        """Whether the office has confirmed it."""
        return self.check is not None and self.check.result is CheckResult.CONFIRMED

    @property
    def count(self) -> int:
        """Animals; a record without a number is one."""
        return self.capture.action.count or 1


def claims(
    found: Sequence[Capture], checks: Mapping[str, CaptureCheck], settings: Paperwork
) -> list[Claim]:
    """The captures of a period as claims, in their order."""
    return [_claim(one, checks.get(one.action.id), settings) for one in found]


def _claim(one: Capture, check: CaptureCheck | None, settings: Paperwork) -> Claim:
    given = check.facts if check else {}
    action = one.action
    recorded = {
        "captor": action.by,
        "permit": settings.permits.get(action.device, settings.permit),
    }
    facts = {
        name: given.get(name) or recorded.get(name) or action.fields.get(name, "") for name in FACTS
    }
    return Claim(one, check, facts, _missing(one, check, facts, settings.required))


def _missing(
    one: Capture, check: CaptureCheck | None, facts: Mapping[str, str], required: Sequence[str]
) -> tuple[str, ...]:
    action, device = one.action, one.device
    known: dict[str, object] = {
        "species": action.species not in {None, "", UNKNOWN},
        "sex": action.sex not in {None, "", "unknown"},
        "age": action.age not in {None, "", "unknown"},
        "weight_kg": action.weight_kg,
        "weight_class": action.weight_class,
        "mesh5km": one.mesh5km,
        "area": device.area if device else "",
        "lat": device is not None and device.lat is not None,
        "lon": device is not None and device.lon is not None,
        "photo": any(photo.path for photo in one.photos),
        "note": action.note,
        "result": check,
        "confirmer": check.confirmer if check else "",
        "way": check.way if check else None,
        "checked": check.day if check else None,
        **facts,
    }
    return tuple(name for name in required if not known.get(name, True))
