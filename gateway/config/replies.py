"""The settings of answers that come by mail, ntfy or radio. PURE.

Owns names, defaults and limits. Must not connect.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct


class Replies(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the gateway looks for replies; every connection goes outwards."""

    imap_host: str = ""  # empty: no replies by mail
    imap_port: Annotated[int, Meta(ge=1, le=65_535)] = 993
    imap_security: Literal["tls", "starttls", "none"] = "tls"  # none: only on this machine
    imap_ca_file: str = ""  # empty: the system's certificates
    imap_username: str = ""
    imap_password: str = ""
    imap_folder: str = "INBOX"  # a mailbox of its own: everything in it is marked as seen
    ntfy_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^\s/?#]+/[A-Za-z0-9_-]{1,64})?\Z",
            description="https://host/topic",
        ),
    ] = ""  # the topic to which buttons publish; empty: no buttons
    ntfy_token: str = ""
    meshtastic: bool = False  # texts of the nodes of `meshtastic:` channels are answers
