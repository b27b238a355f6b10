"""Sends the mails of warnings, and looks for new alerts of cameras near homes.

Owns the timing, the retries and the limit of all mails in an hour. A mail is sent at least once: after a kill
between sending and its note it is sent again. Must not decide who is warned (`planning`), nor log an address.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from gateway.alerts.channels import Notification, UndeliveredError
from gateway.alerts.channels.table import open_channel
from gateway.alerts.nearby.mail_texts import MailTexts
from gateway.alerts.nearby.planning import warn_of_alert
from gateway.alerts.policy import Policy
from gateway.clock import Clock
from gateway.config.thresholds import within
from gateway.domain.alerts.lifecycle import DeliveryStatus
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.reports.warning import HOUR, STALE, UNCONFIRMED, Cause, is_late
from gateway.store import DiskError, Store, Transaction
from gateway.store.reports.warnings import DueMail
from gateway.store.setting_keys import SettingKey

log = logging.getLogger(__name__)
EVERY_S = 2.0
AT_ONCE = 20
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=30), timedelta(minutes=30)
KEPT = timedelta(days=30)  # mails and causes
FAULT_AFTER = 3  # mails in a row that the server did not take
SendTo = Callable[[str, Notification], Awaitable[str]]
"""Sends a message to an Apprise URL. Raises UndeliveredError."""


async def send_to(url: str, notification: Notification) -> str:
    """Send by a channel of alerts; opening one loads its library."""
    channel = await asyncio.to_thread(open_channel, url)
    return await channel.send(notification)


class NearbyMailer:
    """The mails of one gateway."""

    def __init__(
        self, store: Store, policy: Policy, texts: MailTexts, clock: Clock, send: SendTo = send_to
    ) -> None:
        self._store, self._policy, self._texts = store, policy, texts
        self._clock, self._send = clock, send
        self._failed = 0  # mails in a row

    def faults(self) -> dict[str, str]:
        """A fault while the server takes no mail."""
        return {"nearby": str(self._failed)} if self._failed >= FAULT_AFTER else {}

    async def run(self) -> None:
        """Until cancelled; without a mail server there is nothing to do."""
        forgot = None
        while self._policy.reports.mail:
            try:
                if forgot is None or self._clock() - forgot > HOUR:
                    await self.forget()
                    forgot = self._clock()
                await self.once()
            except DiskError as error:
                log.debug("no warnings: %s", error)
            await asyncio.sleep(EVERY_S)

    async def once(self) -> int:
        """Plan what cameras saw, and send what is due; gives how many mails were taken."""
        now = self._clock()
        if not await self._store.read(lambda reader: reader.warnings.has_work(now)):
            return 0
        due = await self._store.write(lambda tx: self._due(tx, now))
        return sum([await self._attempt(one) for one in due])

    async def forget(self) -> None:
        """Delete what nobody confirmed in time, and mails of long ago."""
        now = self._clock()
        await self._store.write(lambda tx: tx.warnings.forget(now - UNCONFIRMED, now - KEPT))

    def _due(self, tx: Transaction, now: datetime) -> list[DueMail]:
        self._watch(tx, now)
        room = self._policy.reports.mails_per_h - tx.warnings.sent_since(now - HOUR)
        return tx.warnings.due(now, min(room, AT_ONCE)) if room > 0 else []

    def _watch(self, tx: Transaction, now: datetime) -> None:
        """Warnings of alerts that were opened since the last look; none of those from before the first."""
        last, newest = tx.warnings.seen_alert(), tx.warnings.newest_alert()
        for alert in [] if last is None else tx.warnings.alerts_after(RuleName.LIVING_AREA, last):
            warn_of_alert(tx, alert, self._policy, now)
        if last != newest:
            tx.put_setting(SettingKey.WARNED_ALERT, str(newest))

    async def _attempt(self, mail: DueMail) -> bool:
        if mail.cause and self._is_late(mail.cause, mail):
            await self._settle(mail, DeliveryStatus.DEAD)
            return False
        url = self._texts.address(self._policy.reports.mail, mail.subscription)
        try:
            await self._send(url, self._texts.write(mail))
        except UndeliveredError as refusal:
            await self._refused(mail, refusal)
            return False
        self._failed = 0
        await self._settle(mail, DeliveryStatus.SENT)
        return True

    def _is_late(self, cause: Cause, mail: DueMail) -> bool:
        now = self._clock()
        in_hours = within(mail.subscription.hours, now.astimezone(self._policy.zone))
        return is_late(cause, now - mail.made_at, in_hours=in_hours)

    async def _refused(self, mail: DueMail, refusal: UndeliveredError) -> None:
        self._failed += 1
        if self._failed == FAULT_AFTER:
            log.warning("warnings nearby: the mail server took none of %d mails", self._failed)
        wait = min(FIRST_RETRY * 2 ** min(mail.attempts, 10), LONGEST_RETRY)
        over = refusal.permanent or self._clock() + wait - mail.made_at > STALE
        await self._settle(mail, DeliveryStatus.DEAD if over else DeliveryStatus.WAITING, wait)

    async def _settle(
        self, mail: DueMail, status: DeliveryStatus, again: timedelta = timedelta()
    ) -> None:
        now = self._clock()
        await self._store.write(lambda tx: tx.warnings.settle(mail.no, status, now, again))
