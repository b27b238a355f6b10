"""The table of channels: URL schemes, limits and the function that opens each. Must not send."""

from collections.abc import Callable

from msgspec import Struct

from gateway.alerts.channels import ChannelOptions, Send, apprise, line, meshtastic, webpush
from gateway.alerts.channels.apprise import open_apprise
from gateway.alerts.channels.console import open_console
from gateway.alerts.channels.line import open_line
from gateway.alerts.channels.meshtastic import open_meshtastic
from gateway.alerts.channels.mqtt import open_mqtt
from gateway.alerts.channels.webhook import open_webhook
from gateway.alerts.channels.webpush import open_webpush

UNLIMITED = 1_000_000


class ChannelRow(Struct, frozen=True):
    """One channel of the table."""

    name: str
    schemes: tuple[str, ...]  # (): every scheme that no other row has
    title: str
    open: Callable[[str, ChannelOptions], Send]
    at_once: int = (
        1  # deliveries under way to one recipient; more only if a repeat is not shown twice
    )
    pause_s: float = 0.0  # between two messages to one recipient; also fewer repeats after a kill
    takes_back: bool = False  # is notified when an alert has ended
    is_shared: bool = False  # all recipients share one place, which is always notified of the end
    singly: int = (
        UNLIMITED  # urgent messages due at once that are sent singly; further ones share messages
    )
    burst: int = UNLIMITED  # urgent messages per minute; further ones share messages
    lists: bool = True  # one message may name several alerts
    longest: Callable[[str], int] = lambda _: (
        UNLIMITED
    )  # one message to this address, as `size` counts
    size: Callable[[str], int] = len


CHANNELS: tuple[ChannelRow, ...] = (
    ChannelRow("console", ("console",), "the gateway's own terminal", open_console),
    ChannelRow(
        "line",
        ("line",),
        "LINE Messaging API, with retry key",
        open_line,
        at_once=4,
        singly=5,
        longest=lambda _: line.MAX_UNITS,
        size=line.size,
    ),
    ChannelRow(
        "mqtt",
        ("mqtt",),
        "retained on the broker: sirens, displays",
        open_mqtt,
        at_once=4,
        takes_back=True,
        is_shared=True,
        lists=False,
    ),
    ChannelRow(
        "webhook",
        ("webhook",),
        "signed HTTP requests to other programs",
        open_webhook,
        at_once=4,
        takes_back=True,
        lists=False,
    ),
    ChannelRow(
        "webpush",
        ("webpush",),
        "Web Push to the installed application, encrypted for each browser",
        open_webpush,
        at_once=4,
        singly=5,
        burst=60,
        longest=lambda _: webpush.MOST_CHARACTERS,
    ),
    ChannelRow(
        "meshtastic",
        ("meshtastic",),
        "text over LoRa radio",
        open_meshtastic,
        singly=3,
        burst=6,
        longest=lambda _: meshtastic.MAX_BYTES,
        size=meshtastic.size,
    ),
    ChannelRow(
        "apprise",
        (),
        "any Apprise URL: mail, ntfy, Telegram, webhooks ...",
        open_apprise,
        pause_s=0.05,
        singly=5,
        burst=60,
        longest=apprise.longest,
        size=meshtastic.size,
    ),
)


class OpenChannel(Struct, frozen=True):
    """An open channel of one person."""

    scheme: str
    row: ChannelRow
    send: Send


def scheme_of(url: str) -> str:
    """The part of a channel URL that is not secret."""
    return url.split(":", 1)[0].lower()


def row_of(url: str) -> ChannelRow:
    """The row of a URL."""
    named = (row for row in CHANNELS if scheme_of(url) in row.schemes)
    return next(named, CHANNELS[-1])


def open_channel(url: str, options: ChannelOptions | None = None) -> OpenChannel:
    """The open channel of a URL. Raises ValueError, whose text contains no secret."""
    row = row_of(url)
    return OpenChannel(scheme_of(url), row, row.open(url, options or ChannelOptions()))
