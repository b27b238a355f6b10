"""Follows the mailbox of replies: unseen mails are read at once, handed on, then marked as seen.

Owns their limit: at most MAX_BYTES of a mail are fetched. The connection: `imap`. Must not read what a mail
says (`reply_mail`). A mail is marked after what it says is on the disk: after a crash between it is read
again, which changes nothing twice.
"""

from gateway.alerts.replies import Deliver, reply_mail
from gateway.alerts.replies.imap import IDLE_S, Imap, OpenMailbox
from gateway.clock import Clock
from gateway.config import ConfigError
from gateway.config.replies import Replies

AT_ONCE = 20  # mails
LOCAL = {"localhost", "127.0.0.1", "::1"}


class Mailbox:
    """The mailbox of the settings. `idle_s`: how long one wait for news lasts."""

    def __init__(self, settings: Replies, clock: Clock, idle_s: float = IDLE_S) -> None:
        if settings.imap_security == "none" and settings.imap_host not in LOCAL:
            raise ConfigError(
                'replies.imap_security = "none" sends the password in clear text: use tls or starttls'
            )
        self._imap = Imap(settings, "mail", clock, idle_s)
        self.connection = self._imap.connection

    async def follow(self, deliver: Deliver) -> None:
        """Hand on the replies until cancelled."""

        async def read_new(box: OpenMailbox) -> bool:
            numbers = (await box.unseen())[:AT_ONCE]
            for number in numbers:
                raw = await box.piece(number, 0, reply_mail.MAX_BYTES)
                if reply := reply_mail.read(raw, number):
                    await deliver(reply)
                await box.mark(number, r"\Seen")
            return len(numbers) == AT_ONCE

        await self._imap.follow(read_new)
