"""A site whose people are reached by mail, ntfy and radio, and a desk that takes their replies."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from gateway.alerts.channels import Notification, Send
from gateway.alerts.channels.senders import is_from
from gateway.alerts.channels.table import OpenChannel, open_channel
from gateway.alerts.links import Links
from gateway.alerts.notifier import Notifier
from gateway.alerts.policy import Policy
from gateway.alerts.replies import IncomingReply, ReplyResult
from gateway.alerts.replies.handler import Follow, ReplyHandler
from gateway.alerts.replies.offers import Offers
from gateway.alerts.replies.tickets import Tickets
from gateway.config.replies import Replies
from gateway.domain.model import Alert, Kind, TrapAction
from gateway.ingest.people.replied import Replied
from gateway.store import Transaction
from gateway.store.feed import Feed
from tests.gateway.alerts.site import Site
from tests.support.pace import Deadline

PEOPLE: list[dict[str, Any]] = [
    {
        "name": "tanaka",
        "channels": ["mailto://wall:x@mail.example?to=tanaka@field.example&from=wall@mail.example"],
    },
    {"name": "hana", "channels": ["ntfys://ntfy.example/hana"]},
    {"name": "mori", "channels": ["meshtastic:!0000beef?from=!0000cafe"]},
    {
        "name": "sato",
        "channels": ["mailto://wall:x@mail.example?to=sato@field.example"],
        "duty": "deputy",
    },
]
SETTINGS = Replies(
    imap_host="127.0.0.1", imap_security="none", ntfy_url="https://ntfy.example/back"
)
TANAKA = "tanaka@field.example"


class ReplyOffice:
    """The site, and what its people got."""

    def __init__(self, folder: Path) -> None:
        self.site = Site(folder, {"people": PEOPLE, "alerts": {"gather_s": 0}})
        self.tickets = Tickets(lambda: ("a secret",))
        self.letters: list[tuple[str, Notification]] = []
        self.send: Send | None = None  # instead of keeping what is sent
        self.notifier = Notifier(
            self.site.store,
            Feed(),
            self.site.policy,
            self,
            Links(""),
            lambda: self.site.now,
        )
        self.notifier.offer(Offers(SETTINGS, self.tickets))
        self.replied = Replied(self.site.policy, self.tickets, is_from)

    def get(self, queue: tuple[str, str], /) -> OpenChannel | None:
        """The channel of a person, which keeps what it is given."""
        name, number = queue
        person = self.site.policy.people.get(name)
        channel = person.channel(number) if person else None
        if channel is None:
            return None

        async def send(letter: Notification) -> str:
            self.letters.append((name, letter))
            return "ok"

        return OpenChannel(channel.scheme, open_channel(channel.url).row, self.send or send)

    def spring(self, minute: float = 5, trap: str = "trap-01") -> dict[str, Notification]:
        """The trap springs; what each person got."""
        self.site.hear(trap, Kind.SPRUNG, minute)
        self.letters.clear()
        self.site.minutes = minute + 1
        asyncio.run(self.notifier.deliver_due())
        return dict(self.letters)

    def reply(self, one: IncomingReply, minute: float = 10) -> ReplyResult:
        """Apply one reply."""
        self.site.minutes = max(self.site.minutes, minute)

        def write(tx: Transaction) -> ReplyResult:
            return self.replied.apply(tx, one, self.site.now)[0]

        return self.site.store.write_now(write)

    def handler(self, **ways: Follow) -> ReplyHandler:
        """A handler of replies by these ways, as the gateway has it."""
        made: Any = ways
        return ReplyHandler(
            self.site.store,
            Feed(),
            self.site.policy,
            self,
            self.replied.apply,
            made,
            lambda: self.site.now,
        )

    @property
    def acts(self) -> list[TrapAction]:
        return self.site.store.read_now(lambda r: r.acts())

    @property
    def alert(self) -> Alert:
        """The newest alert."""
        return self.site.store.read_now(lambda r: r.latest_alerts())[0]

    @property
    def policy(self) -> Policy:
        return self.site.policy


def told(letters: list[tuple[str, Notification]], name: str) -> list[str]:
    """Title and text of what a person got."""
    return [f"{one.title} {one.text}" for person, one in letters if person == name]


async def while_running(work: Coroutine[Any, Any, None], condition: Callable[[], bool]) -> None:
    """Run `work` until the condition holds, then cancel it and wait for its end."""
    task, deadline = asyncio.create_task(work), Deadline(30)
    try:
        while not condition():
            assert not task.done(), task.exception()
            assert not deadline.has_passed(), f"waited {deadline} in vain"
            await asyncio.sleep(0.01)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
