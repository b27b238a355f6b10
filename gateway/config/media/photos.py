"""The settings of photos from phones: where they are kept and how much room they may take. PURE.

Owns names, defaults and limits. Must not read the folder.
"""

from typing import Annotated

from msgspec import Meta, Struct


class Photos(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Photos of captures, kept as evidence: never deleted; when the room is used up, none is taken."""

    folder: str = ""  # empty: `trap-photos` beside the database
    budget_mb: Annotated[int, Meta(ge=10)] = 2_000
