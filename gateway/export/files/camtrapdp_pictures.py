"""Pictures of cameras in a Camtrap DP package that is not for publication. PURE.

Owns their rows. A picture is named by the SHA-256 of its file and is never public; one with people in it is
in no package. Must not read the files.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct

from gateway.domain.pictures.picture import Picture
from gateway.export.files.camtrapdp_captures import FOLDER
from gateway.export.files.camtrapdp_rows import second, time


class FieldPictures(Struct, frozen=True):
    """The pictures of one camera, by time, and the ids of its events that people have named."""

    pictures: tuple[Picture, ...] = ()
    named: frozenset[str] = frozenset()


NO_PICTURES = FieldPictures()


def file_path(picture: Picture) -> str:
    """Where the file of a picture lies in the package."""
    return f"{FOLDER}/{picture.kept_sha256}.jpg"


def rows(
    deployment: str, start: datetime, end: datetime, of: FieldPictures
) -> Iterable[dict[str, Any]]:
    """The rows of the pictures that were taken within a deployment."""
    for picture in of.pictures:
        if start <= second(picture.at) <= end:
            yield {
                "mediaID": picture.id,
                "deploymentID": deployment,
                "captureMethod": "activityDetection",
                "timestamp": time(second(picture.at)),
                "filePath": file_path(picture),
                "filePublic": "false",
                "fileName": f"{picture.kept_sha256}.jpg",
                "fileMediatype": "image/jpeg",
                "mediaComments": f"SHA-256 {picture.kept_sha256}; event {picture.event}",
            }
