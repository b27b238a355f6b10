"""The settings of backups of the whole gateway: where they go, how many stay, who else may open them. PURE.

Owns names, defaults and limits. Must not reach the place.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct

Recipient = Annotated[
    str, Meta(pattern=r"^age1[0-9a-z]{58}\Z", description="a recipient of age, age1...")
]


class Backup(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Backups of the whole gateway, encrypted."""

    target: str = (
        ""  # folder, sftp://USER@HOST/PATH, s3://BUCKET/PATH; empty: backup-all by the database
    )
    keep: Annotated[int, Meta(ge=1, le=1_000)] = 8
    recipients: tuple[Recipient, ...] = ()  # beside the passphrase
    secrets: str = ""  # folder of the key; empty: `secrets` beside the settings
    options: dict[
        str, Any
    ] = {}  # for fsspec, such as endpoint_url of an S3 server or key_filename of SFTP
