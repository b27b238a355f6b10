"""The table of channels: which URL schemes there are, and who opens them."""

from collections.abc import Callable

from msgspec import Struct

from gateway.alerts.channels import Means, Send, apprise, line, meshtastic
from gateway.alerts.channels.apprise import open_apprise
from gateway.alerts.channels.console import open_console
from gateway.alerts.channels.line import open_line
from gateway.alerts.channels.meshtastic import open_meshtastic
from gateway.alerts.channels.mqtt import open_mqtt

UNLIMITED = 1_000_000


class ChannelRow(Struct, frozen=True):
    """A row of the table."""

    name: str
    schemes: tuple[str, ...]  # () = every scheme that no other row claims
    title: str
    open: Callable[[str, Means], Send]
    at_once: int = 1  # deliveries to one recipient under way; more only where a repeat is no double
    pause_s: float = (
        0.0  # between two messages to one recipient: no flood, and fewer doubles if killed
    )
    takes_back: bool = False  # wants to hear that an alert is over
    singly: int = UNLIMITED  # urgent messages due at once that go one by one; more share messages
    burst: int = UNLIMITED  # urgent messages a minute; what comes then shares messages
    lists: bool = True  # one message may be about several alerts
    longest: Callable[[str], int] = lambda _: (
        UNLIMITED
    )  # one message to this address, as `size` counts
    size: Callable[[str], int] = len


CHANNELS: tuple[ChannelRow, ...] = (
    ChannelRow("console", ("console",), "the gateway's own terminal", open_console),
    ChannelRow("line", ("line",), "LINE Messaging API, with retry key", open_line, at_once=4,
            singly=5, longest=lambda _: line.LONGEST, size=line.size),
    ChannelRow("mqtt", ("mqtt",), "retained on the broker: sirens, displays", open_mqtt,
            at_once=4, takes_back=True, lists=False),
    ChannelRow("meshtastic", ("meshtastic",), "text over LoRa radio", open_meshtastic,
            singly=3, burst=6, longest=lambda _: meshtastic.LONGEST, size=meshtastic.size),
    ChannelRow("apprise", (), "any Apprise URL: mail, ntfy, Telegram, webhooks ...", open_apprise,
            pause_s=0.05, singly=5, burst=60, longest=apprise.longest, size=meshtastic.size),
)  # fmt: skip


class OpenChannel(Struct, frozen=True):
    """An opened channel of one person."""

    scheme: str
    row: ChannelRow
    send: Send


def scheme_of(url: str) -> str:
    """The part of a channel URL that is no secret."""
    return url.split(":", 1)[0].lower()


def row_of(url: str) -> ChannelRow:
    """The row that opens a URL."""
    named = (row for row in CHANNELS if scheme_of(url) in row.schemes)
    return next(named, CHANNELS[-1])


def open_channel(url: str, means: Means | None = None) -> OpenChannel:
    """The opened channel of a URL; ValueError names what is wrong without showing secrets."""
    row = row_of(url)
    return OpenChannel(scheme_of(url), row, row.open(url, means or Means()))
