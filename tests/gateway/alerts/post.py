"""A channel that keeps what it took, and what became of the letters, for tests of the notifier."""

from collections.abc import Callable
from typing import Any

from gateway.alerts.channels import Notification
from gateway.alerts.channels.table import OpenChannel, open_channel
from tests.gateway.alerts.site import Site


class Post:
    """A channel that keeps what it took and fails as told."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, Notification]] = []
        self.attempts: list[Notification] = []
        self.failures: list[Exception] = []

    def ways(self, site: Site) -> dict[tuple[str, str], OpenChannel]:
        return {
            (person.name, channel.id): OpenChannel(
                channel.scheme, open_channel(channel.url).row, self._sender(person.name)
            )
            for person in site.policy.people.values()
            for channel in person.channels
        }

    def _sender(self, name: str) -> Callable[[Notification], Any]:
        async def send(letter: Notification) -> str:
            self.attempts.append(letter)
            if self.failures:
                raise self.failures.pop(0)
            self.letters.append((name, letter))
            return "ok"

        return send

    def titles(self, name: str) -> list[str]:
        return [notification.title for person, notification in self.letters if person == name]


def status(site: Site) -> dict[str, int]:
    return dict(site.store.read_now(lambda r: r.outbox()))
