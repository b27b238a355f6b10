"""The open channels of all recipients, by the present list of people.

Owns opening a channel on first use, and again when its URL has changed. Must not send, nor show a URL.
"""

import logging
from collections.abc import Iterable

from msgspec.structs import replace

from gateway.alerts.channels import ChannelOptions
from gateway.alerts.channels.table import OpenChannel, open_channel
from gateway.alerts.policy import Policy
from gateway.domain.people.person import Person
from gateway.store.tables.outbox import DeliveryQueue

log = logging.getLogger(__name__)


class OpenChannels:
    """Channels by (person, id of the channel), opened on demand."""

    def __init__(self, policy: Policy, options: ChannelOptions) -> None:
        self._policy, self._options = policy, options
        self._open: dict[DeliveryQueue, tuple[str, OpenChannel | None]] = {}

    def get(self, queue: DeliveryQueue, /) -> OpenChannel | None:
        """The open channel of a queue; None if it no longer exists or cannot be opened."""
        person = self._policy.people.get(queue[0])
        found = person.channel(queue[1]) if person else None
        if found is None:
            self._open.pop(queue, None)
            return None
        known = self._open.get(queue)
        if known is None or known[0] != found.url:
            known = self._open[queue] = found.url, self._opened(queue, found.url)
        return known[1]

    def _opened(self, queue: DeliveryQueue, url: str) -> OpenChannel | None:
        try:
            return open_channel(url, replace(self._options, recipient=queue[0]))
        except ValueError as error:
            log.warning("people: %s, channel %s cannot be opened: %s", *queue, error)
            return None


def wrong_channels(people: Iterable[Person], options: ChannelOptions | None = None) -> list[str]:
    """What is wrong with people's channels, without URLs; empty if nothing is wrong."""
    wrong = []
    for person in people:
        for number, channel in enumerate(person.channels, start=1):
            try:
                open_channel(
                    channel.url, replace(options or ChannelOptions(), recipient=person.name)
                )
            except ValueError as error:
                wrong.append(f"people: {person.name}, channel {number}: {error}")
    return wrong
