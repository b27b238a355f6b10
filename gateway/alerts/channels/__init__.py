"""Channels: ways to reach a person. One file a channel, one visible table.

Owns the contract. A channel sends one text to one recipient once; retries are the notifier's.
To add one: write `open_NAME(url, means) -> Send`, add its row to `table.CHANNELS`, document it in README.
"""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from gateway.domain.errors import UnreachableError
from gateway.domain.model import Alert
from gateway.mqtt.link import Publish


class Notification(Struct, frozen=True):
    """What is sent. `key` is equal for every attempt at the same delivery."""

    key: str
    title: str
    text: str
    urgent: bool
    link: str = ""  # one tap to answer; empty without a public address
    alerts: tuple[Alert, ...] = ()  # for channels that machines read
    over: bool = False  # takes an earlier letter back: the alert has ended

    @property
    def whole(self) -> str:
        """Everything as lines, for providers without a subject."""
        return "\n".join(part for part in (self.title, self.text, self.link) if part)


class UndeliveredError(UnreachableError):
    """The provider did not take it.

    `permanent`: trying again is useless; `retry_after_s`: not before so many seconds.
    """

    def __init__(self, answer: str, *, permanent: bool = False, retry_after_s: float = 0.0) -> None:
        super().__init__(answer)
        self.answer = answer
        self.permanent = permanent
        self.retry_after_s = retry_after_s


Send = Callable[[Notification], Awaitable[str]]
"""Deliver a letter and return the provider's positive answer, or raise Undelivered."""


class Means(Struct, frozen=True, kw_only=True):
    """What channels are opened with."""

    publish: Publish | None = None
    site: str = "site"
    line_url: str = "https://api.line.me"
    meshtastic_topic: str = "msh/JP/2/json/mqtt/"
    timeout_s: float = 15.0
