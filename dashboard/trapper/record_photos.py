"""Which photos the latest records of a trap have, and which are still awaited from a phone.

Owns this reading. A phone may send a record before its photos, or another phone's photo may never come: a
photo that a record names and that is not here is awaited. Must not show a picture (`photos`).
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from gateway.domain.model import TrapAction
from gateway.domain.traps.corrections import counting
from gateway.store import Reader

LATEST = 5  # records with photos that a trap's page shows
LOOKED_AT = 50  # records among which they are sought


class RecordPhotos(Struct, frozen=True):
    """One record with its photos."""

    at: datetime
    deed: str
    species: str | None
    here: tuple[str, ...]  # SHA-256 of what was sent
    awaited: int


def latest(reader: Reader, device: str) -> list[RecordPhotos]:
    """The latest records of a trap that name photos, newest first; those that count."""
    acts = counting(reader.acts(device, LOOKED_AT))
    named = sorted((act for act in acts if act.photos), key=lambda act: act.at, reverse=True)
    return of(reader, named[:LATEST])


def of(reader: Reader, acts: Sequence[TrapAction]) -> list[RecordPhotos]:
    """The photos of these records."""
    known = reader.photos.of(one for act in acts for one in act.photos)
    return [
        RecordPhotos(
            act.at,
            act.deed.value,
            act.species,
            tuple(one for one in act.photos if one in known),
            sum(one not in known for one in act.photos),
        )
        for act in acts
    ]
