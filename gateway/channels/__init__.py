"""Channels: ways to reach a person. One file a channel, one visible table.

Owns the contract. A channel sends one text to one recipient once; retries are the notifier's.
To add one: write `open_NAME(url) -> Send`, add its row to `table.CHANNELS`, document it in README.
"""

from collections.abc import Awaitable, Callable

from msgspec import Struct


class Letter(Struct, frozen=True):
    """What is sent. `key` is equal for every attempt at the same delivery."""

    key: str
    title: str
    text: str
    urgent: bool


class Undelivered(Exception):  # noqa: N818 - the provider's answer, not an error of ours
    """The provider did not take it. `permanent`: trying again is useless."""

    def __init__(self, answer: str, *, permanent: bool = False) -> None:
        super().__init__(answer)
        self.answer = answer
        self.permanent = permanent


Send = Callable[[Letter], Awaitable[str]]
"""Deliver a letter and return the provider's positive answer, or raise Undelivered."""
