"""Plans the warnings of one cause, in the transaction in which it is stored.

Owns which causes are told: danger near homes at once, everything else once an official has published it. The
same animal is told once; whoever was warned often enough within an hour is left out. Must not send.
"""

from datetime import datetime

from msgspec.structs import replace

from gateway.alerts.policy import Policy
from gateway.config.thresholds import within
from gateway.domain.alerts.lifecycle import DeliveryStatus
from gateway.domain.geo.local_plane import METRES_PER_DEGREE
from gateway.domain.geo.mesh_code import bounds
from gateway.domain.model import Alert
from gateway.domain.reports.merging import NEAR_TIME
from gateway.domain.reports.place import square_of
from gateway.domain.reports.report import Report
from gateway.domain.reports.warning import (
    HOUR,
    MOST_RADIUS_M,
    STALE,
    Cause,
    Distance,
    is_told,
    is_too_many,
    square_distance,
    wants,
)
from gateway.store import Transaction

REACH_DEG = (MOST_RADIUS_M + 100) / METRES_PER_DEGREE


def warn_of_report(
    tx: Transaction, report: Report, policy: Policy, now: datetime, *, checked: bool
) -> int:
    """Plan the warnings of a report: unchecked ones only of danger near homes. Gives how many."""
    places = policy.places(report.lat, report.lon)
    danger = _is_dangerous(report.species, policy) and any(one.living for one in places)
    if not (checked or danger):
        return 0
    cause = Cause(
        id=report.head or report.id,
        species=report.species,
        at=report.at,
        square=square_of(report.lat, report.lon),
        danger=danger,
        checked=checked,
    )
    return plan(tx, cause, square_distance(cause.square), policy, now)


def warn_of_alert(tx: Transaction, alert: Alert, policy: Policy, now: datetime) -> int:
    """Plan the warnings of a camera's alert near homes: they depend on the land, not on the camera."""
    area, _, species = alert.subject.rpartition("/")
    land = policy.land(area)
    if land is None:
        return 0
    cause = Cause(
        id=alert.id,
        species=species,
        at=alert.observed_at,
        area=area,
        danger=True,
        checked=True,
    )
    return plan(tx, cause, land.distance_m, policy, now)


def plan(tx: Transaction, cause: Cause, distance: Distance, policy: Policy, now: datetime) -> int:
    """Plan the mails of a cause that is new. Gives how many people are warned."""
    if not policy.reports.mail or now - cause.at > STALE:
        return 0
    if any(is_told(cause, earlier) for earlier in tx.warnings.causes(cause.at - NEAR_TIME)):
        return 0
    if not tx.warnings.add_cause(cause):  # the same report was no danger before
        cause = replace(cause, id=f"{cause.id}-danger")
        tx.warnings.add_cause(cause)
    local, warned = now.astimezone(policy.zone), 0
    for one in tx.warnings.confirmed(*_latitudes(cause)):
        if wants(one, cause, distance, in_hours=within(one.hours, local)):
            sent = tx.warnings.sent_to(one.id, now - HOUR)
            too_many = is_too_many(sent, now, policy.reports.warnings_per_h)
            status = DeliveryStatus.DROPPED if too_many else DeliveryStatus.WAITING
            tx.warnings.add_mail(one.id, cause.id, now, status)
            warned += not too_many
    return warned


def _is_dangerous(species: str, policy: Policy) -> bool:
    return species in policy.limits(None).danger_species


def _latitudes(cause: Cause) -> tuple[float, float]:
    """Between which nobody is too far away."""
    if not cause.square:
        return -90.0, 90.0
    edges = bounds(cause.square)
    return edges.south - REACH_DEG, edges.north + REACH_DEG
