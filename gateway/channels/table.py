"""The table of channels: which URL schemes there are, and who opens them."""

from collections.abc import Callable

from msgspec import Struct

from gateway.channels import Send
from gateway.channels.apprise import open_apprise
from gateway.channels.console import open_console


class Channel(Struct, frozen=True):
    """A row of the table."""

    name: str
    schemes: tuple[str, ...]  # () = every scheme that no other row claims
    title: str
    open: Callable[[str], Send]


CHANNELS: tuple[Channel, ...] = (
    Channel("console", ("console",), "the gateway's own terminal", open_console),
    Channel("apprise", (), "any Apprise URL: mail, ntfy, Telegram, webhooks ...", open_apprise),
)


def open_channel(url: str) -> Send:
    """The sender for a channel URL; ValueError names what is wrong without showing secrets."""
    scheme = url.split(":", 1)[0].lower()
    named = (row for row in CHANNELS if scheme in row.schemes)
    row = next(named, CHANNELS[-1])
    return row.open(url)
