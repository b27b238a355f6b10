"""The opened channels of everybody who is told, as people are at this moment.

Owns opening a channel when it is first used and closing the book on it when its URL is another one.
Must not send, and never shows a URL.
"""

import logging
from collections.abc import Iterable

from gateway.alerts.channels import Means
from gateway.alerts.channels.table import OpenChannel, open_channel
from gateway.alerts.policy import Policy
from gateway.domain.people.person import Person
from gateway.store.tables.outbox import DeliveryQueue

log = logging.getLogger(__name__)


class OpenChannels:
    """Channels by (person, id of the channel), opened on demand."""

    def __init__(self, policy: Policy, means: Means) -> None:
        self._policy, self._means = policy, means
        self._open: dict[DeliveryQueue, tuple[str, OpenChannel | None]] = {}

    def get(self, queue: DeliveryQueue, /) -> OpenChannel | None:
        """The opened channel of a queue; None: it is nobody's any more, or cannot be opened."""
        person = self._policy.people.get(queue[0])
        found = person.channel(queue[1]) if person else None
        if found is None:
            self._open.pop(queue, None)
            return None
        held = self._open.get(queue)
        if held is None or held[0] != found.url:
            held = self._open[queue] = found.url, self._opened(queue, found.url)
        return held[1]

    def _opened(self, queue: DeliveryQueue, url: str) -> OpenChannel | None:
        try:
            return open_channel(url, self._means)
        except ValueError as error:
            log.warning("people: %s, channel %s cannot be opened: %s", *queue, error)
            return None


def wrong_channels(people: Iterable[Person], means: Means | None = None) -> list[str]:
    """What is wrong with people's channels, without showing a URL; nothing while all is well."""
    wrong = []
    for person in people:
        for number, channel in enumerate(person.channels, start=1):
            try:
                open_channel(channel.url, means)
            except ValueError as error:
                wrong.append(f"people: {person.name}, channel {number}: {error}")
    return wrong
