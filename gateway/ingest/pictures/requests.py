"""What the process that reads foreign bytes is asked, and what it answers. PURE. Owns these values."""

from msgspec import Struct

from gateway.domain.pictures.makes import MailFacts, MakeRow
from gateway.ingest.photos.picture import PictureFacts


class Make(Struct, frozen=True, tag="make"):
    """Make a picture anew, without metadata, and its thumbnail. Answer: PictureFacts."""

    source: str
    target: str
    small: str


class Look(Struct, frozen=True, tag="look"):
    """Look at the head of a picture. Answer: PictureFacts."""

    source: str


class ReadMail(Struct, frozen=True, tag="mail"):
    """Read a mail and write its pictures into a folder. Answer: MailContent."""

    source: str
    folder: str
    makes: dict[str, MakeRow]
    only: dict[str, str] = {}  # sender or name of a camera -> its row of the table


class MailPicture(Struct, frozen=True, omit_defaults=True):
    """A picture that came with a mail; its file lies in the folder under this SHA-256."""

    sha256: str
    size: int
    facts: PictureFacts


class MailContent(Struct, frozen=True, omit_defaults=True):
    """What a mail says and holds."""

    senders: tuple[str, ...] = ()  # addresses of From, in small letters
    verdicts: tuple[str, ...] = ()  # headers Authentication-Results, the newest first
    subject: str = ""
    facts: MailFacts = MailFacts()
    pictures: tuple[MailPicture, ...] = ()


Request = Make | Look | ReadMail
