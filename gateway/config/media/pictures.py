"""The settings of pictures from cameras: mailboxes, folders, topics, the cameras themselves, and room. PURE.

Owns names, defaults and limits. Must not connect nor read a folder.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.domain.pictures.makes import MakeError, MakeRow, check
from gateway.domain.pictures.naming import KEYS
from gateway.domain.species import BY_CODE

CameraAddress = Annotated[
    str, Meta(pattern=r"^[a-z0-9-]{1,32}\Z", description="a-z, 0-9 and -, at most 32")
]
Sender = Annotated[
    str,
    Meta(
        pattern=r"^(\*|[^@\s*<>]{1,64})@[^@\s*<>]{1,255}\Z",
        description="name@host, or *@host for every address there",
    ),
]
PictureTopic = Annotated[
    str,
    Meta(
        pattern=r"^([^+#/{}\x00]+/)*\{camera\}(/[^+#/{}\x00]+)*\Z",
        description="a topic in which one whole level is {camera}",
    ),
]
PlainName = Annotated[str, Meta(pattern=r"^[^/\\\x00]{0,64}\Z", description="one name without /")]


class Camera(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A registered camera: how its mails, files and messages are known to be its own."""

    device: CameraAddress
    name: str = ""  # as its mails name it; empty: the sender alone says which camera it is
    senders: tuple[Sender, ...] = ()  # from which its mails come; empty: those of the mailbox
    make: str = ""  # a row of the table of makes; empty: the first that fits
    folder: PlainName = ""  # its folder below `drop_folder`; empty: its `device`


class PictureMailbox(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mailbox to which cameras send; the connection goes outwards."""

    name: CameraAddress = "cameras"
    imap_host: Annotated[str, Meta(min_length=1)]
    imap_port: Annotated[int, Meta(ge=1, le=65_535)] = 993
    imap_security: Literal["tls", "starttls", "none"] = "tls"  # none: only on this machine
    imap_ca_file: str = ""  # empty: the system's certificates
    imap_username: str = ""
    imap_password: str = ""
    imap_folder: str = "INBOX"  # a mailbox of its own: everything in it is marked as seen
    senders: tuple[Sender, ...] = ()  # from which mails are taken
    checked_by: str = ""  # name of the mail server whose Authentication-Results must say pass
    most_mb: Annotated[int, Meta(ge=1, le=50)] = 15  # a larger mail is refused unread


class Pictures(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pictures of cameras: by which ways they come, and how many are kept how long."""

    folder: str = ""  # empty: `camera-pictures` beside the database
    budget_mb: Annotated[int, Meta(ge=10)] = 2_000  # the oldest unneeded are removed beyond it
    people_days: Annotated[int, Meta(ge=0, le=365)] = 7  # how long pictures of people are kept
    keys: Annotated[tuple[str, ...], Meta(min_length=1, max_length=9)] = KEYS  # 1 to 9 on the page
    burst_s: Annotated[int, Meta(ge=0, le=3_600)] = 60  # pictures so near in time are one burst
    topics: tuple[PictureTopic, ...] = ()  # of cameras that publish JPEGs, such as an ESP32-CAM
    frigate: Annotated[
        str, Meta(pattern=r"^[^+#/\x00]{0,64}\Z", description="the prefix of Frigate's topics")
    ] = ""  # whose snapshots are taken; empty: none
    classifier: bool = False  # pictures are announced by MQTT, labels are taken
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0  # of the broker for these; 0: mqtt.port
    alerts_by: tuple[str, ...] = ("*",)  # channels by which a picture follows an alert, by scheme
    drop_folder: str = ""  # whose folders are watched for files; empty: none


LOCAL = {"localhost", "127.0.0.1", "::1"}


def problem(
    pictures: Pictures,
    cameras: Sequence[Camera],
    mailboxes: Sequence[PictureMailbox],
    makes: Mapping[str, MakeRow],
) -> str:
    """What is wrong that no single field shows; "" when nothing is."""
    if wrong := [one for one in pictures.keys if one not in BY_CODE]:
        return f"pictures.keys = {wrong[0]!r}: unknown; allowed: {', '.join(BY_CODE)}"
    try:
        check(makes)
    except MakeError as error:
        return str(error)
    names = [one.device for one in cameras]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        return f"cameras: {twice} stands twice"
    return next(filter(None, (_of_mailbox(one, cameras) for one in mailboxes)), "")


def _of_mailbox(box: PictureMailbox, cameras: Sequence[Camera]) -> str:
    if box.imap_security == "none" and box.imap_host not in LOCAL:
        return (
            'camera_mailboxes.imap_security = "none" sends the password in clear text: '
            "use tls or starttls"
        )
    if not box.senders and not all(one.senders for one in cameras):
        return (
            f"camera_mailboxes {box.name}: senders is empty; name the addresses from which cameras "
            "send (name@host or *@host), here or at each camera"
        )
    return ""
