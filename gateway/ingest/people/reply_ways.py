"""Builds what takes the replies of one gateway: the ways of its settings, and what they change.

Owns how these parts are connected. Must not read a reply itself.
"""

from collections.abc import Callable

from msgspec import Struct

from gateway.alerts.channels.senders import is_from
from gateway.alerts.policy import Policy
from gateway.alerts.replies import Way
from gateway.alerts.replies.handler import Channels, Follow, ReplyHandler
from gateway.alerts.replies.mailbox import Mailbox
from gateway.alerts.replies.ntfy import ReplyTopic
from gateway.alerts.replies.radio import RadioTexts
from gateway.alerts.replies.reconnect import Connection
from gateway.alerts.replies.tickets import Tickets
from gateway.clock import Clock
from gateway.config import Config
from gateway.ingest.people.replied import Replied
from gateway.store import Store
from gateway.store.feed import Feed
from gateway.store.setting_keys import SettingKey


class ReplyWays(Struct, frozen=True):
    """The handler of replies, and what is wrong with its connections."""

    handler: ReplyHandler
    faults: Callable[[], dict[str, str]]


def reply_ways(
    store: Store,
    feed: Feed,
    policy: Policy,
    config: Config,
    channels: Channels,
    tickets: Tickets,
    clock: Clock,
) -> ReplyWays:
    """The ways that the settings name. Raises ConfigError for a setting that must not be used."""

    async def remembered() -> str | None:
        return await store.read(lambda reader: reader.setting(SettingKey.REPLIES_NTFY))

    settings = config.replies
    ways: dict[Way, Follow] = {}
    connections: list[Connection] = []
    if settings.imap_host:
        box = Mailbox(settings, clock)
        ways[Way.MAIL] = box.follow
        connections.append(box.connection)
    if settings.ntfy_url:
        topic = ReplyTopic(settings, remembered, clock)
        ways[Way.NTFY] = topic.follow
        connections.append(topic.connection)
    if settings.meshtastic:
        ways[Way.MESHTASTIC] = RadioTexts(config.mqtt, config.site.name, clock).follow
    apply = Replied(policy, tickets, is_from).apply

    def faults() -> dict[str, str]:
        wrong = [fault for one in connections if (fault := one.fault())]
        return {"replies": ", ".join(wrong)} if wrong else {}

    return ReplyWays(ReplyHandler(store, feed, policy, channels, apply, ways, clock), faults)
