"""Captures and their photos in a Camtrap DP package that is not for publication. PURE.

Owns their rows. A trap is no camera: its deployment is tagged, so that no effort of cameras is read from it.
Photos are named by the SHA-256 of their file and are never public. Must not read the files.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct

from gateway.domain import species
from gateway.domain.effort import CAPTURE_TRAP
from gateway.domain.model import Device, TrapAction
from gateway.domain.traps.photo import Photo
from gateway.export.files.camtrapdp_rows import EXACT_M, observation_type, scientific, second, time

COMMENT = "a capture trap, no camera: begin and end are those of its records, not of any effort"
STAGES = {"adult": "adult", "young": "juvenile"}
SEXES = {"male", "female"}
SECOND = timedelta(seconds=1)
FOLDER = "media"


class Capture(Struct, frozen=True):
    """One capture at a trap that has a place, with those of its photos that are here."""

    device: Device
    action: TrapAction
    photos: tuple[Photo, ...] = ()


class CaptureRows(Struct, frozen=True):
    """What captures add to the tables."""

    deployments: Sequence[Mapping[str, Any]] = ()
    media: Sequence[Mapping[str, Any]] = ()
    observations: Sequence[Mapping[str, Any]] = ()


def file_path(photo: Photo) -> str:
    """Where the file of a photo lies in the package."""
    return f"{FOLDER}/{photo.kept_sha256}.jpg"


def rows(captures: Iterable[Capture]) -> CaptureRows:
    """The rows of captures, by trap and time."""
    ordered = sorted(captures, key=lambda one: (one.device.id, one.action.at, one.action.id))
    by_trap: dict[str, list[Capture]] = {}
    for one in ordered:
        by_trap.setdefault(f"{one.device.id}-captures", []).append(one)
    numbered = [
        (f"{deployment}-{no}", deployment, one)
        for deployment, found in by_trap.items()
        for no, one in enumerate(found, start=1)
    ]
    return CaptureRows(
        [_deployment(deployment, found) for deployment, found in by_trap.items()],
        [row for id_, deployment, one in numbered for row in _media(id_, deployment, one)],
        [_observation(id_, deployment, one) for id_, deployment, one in numbered],
    )


def _deployment(deployment: str, found: Sequence[Capture]) -> dict[str, Any]:
    device = found[0].device
    return {
        "deploymentID": deployment,
        "locationID": device.id,
        "locationName": device.label,
        "latitude": round(device.lat or 0.0, 6),
        "longitude": round(device.lon or 0.0, 6),
        "coordinateUncertainty": EXACT_M,
        "deploymentStart": time(second(found[0].action.at)),
        "deploymentEnd": time(second(found[-1].action.at) + SECOND),
        "timestampIssues": "false",
        "deploymentTags": CAPTURE_TRAP,
        "deploymentComments": COMMENT,
    }


def _observation(id_: str, deployment: str, one: Capture) -> dict[str, Any]:
    action, at = one.action, time(second(one.action.at))
    animal = action.species or species.UNKNOWN
    return {
        "observationID": id_,
        "deploymentID": deployment,
        "eventID": id_,
        "eventStart": at,
        "eventEnd": at,
        "observationLevel": "event",
        "observationType": observation_type(animal),
        "scientificName": scientific(animal),
        "count": action.count or 1,
        "lifeStage": STAGES.get(action.age or "", ""),
        "sex": action.sex if action.sex in SEXES else "",
        "classificationMethod": "human",
        "observationTags": action.deed.value,
    }


def _media(id_: str, deployment: str, one: Capture) -> Iterable[dict[str, Any]]:
    for no, photo in enumerate(one.photos, start=1):
        taken = f"; taken {photo.taken} as the photo says" if photo.taken else ""
        yield {
            "mediaID": f"{id_}-{no}",
            "deploymentID": deployment,
            "timestamp": time(second(one.action.at)),
            "filePath": file_path(photo),
            "filePublic": "false",
            "fileName": f"{photo.kept_sha256}.jpg",
            "fileMediatype": "image/jpeg",
            "mediaComments": f"SHA-256 {photo.kept_sha256}; sent as {photo.sent_sha256}{taken}",
        }
