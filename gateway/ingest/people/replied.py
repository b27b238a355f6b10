"""What a reply changes: the answer of the person to whom a message was sent, once. One transaction.

Owns who may answer which message, until when, and what is said of a reply that changes nothing. Runs on the
writer's thread. Must not read a clock, nor send.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b

from gateway.alerts import texts
from gateway.alerts.policy import Policy
from gateway.alerts.replies import IncomingReply, ReplyResult, Way, answers, tickets
from gateway.alerts.replies.answers import Answer
from gateway.alerts.replies.tickets import Tickets
from gateway.domain.model import AlertStatus, Role, TrapAction
from gateway.domain.outcome import Outcome
from gateway.domain.people.person import Person
from gateway.domain.trap_lifecycle import IllegalActionError
from gateway.ingest.people import actions
from gateway.store import Transaction
from gateway.store.tables.links import SentMessage, SentMessageTable
from gateway.words.catalogue import translations

IsFrom = Callable[[str, IncomingReply], bool]
"""Whether a channel's URL is that of the sender of a reply."""


class Replied:
    """Applies replies to one store."""

    def __init__(self, policy: Policy, signed: Tickets, is_from: IsFrom) -> None:
        self._policy, self._tickets, self._is_from = policy, signed, is_from

    def apply(
        self, tx: Transaction, reply: IncomingReply, now: datetime
    ) -> tuple[ReplyResult, Outcome]:
        """Do what a reply says; a second time, or with a wrong ticket, it changes nothing."""
        self._policy.know(tx.people.known)
        answer, sent = self._read(tx, reply, now)
        if isinstance(sent, ReplyResult):
            return sent, Outcome()
        if answer is None:
            return _said(sent, "reply.unreadable"), Outcome()
        try:
            outcome = self._do(tx, sent, answer, reply.way, now)
        except IllegalActionError as refusal:
            words = translations(self._policy.people[sent.person].language)
            return _said(sent, "reply.refused", detail=refusal.text(words)), Outcome()
        except (actions.UnknownSubjectError, ValueError):
            return self._over(tx, sent), Outcome()
        if outcome is None:
            return _said(sent, "reply.used"), Outcome()
        return _said(
            sent, "reply.recorded", changed=not outcome.repeated, **self._names(tx, sent, answer)
        ), outcome

    def _read(
        self, tx: Transaction, reply: IncomingReply, now: datetime
    ) -> tuple[Answer | None, SentMessage | ReplyResult]:
        """The answer, and the message that it answers or why none."""
        told, senders = tx.sent, self._senders(reply)
        answer = answers.read(tickets.without(reply.text))
        if reply.way is Way.NTFY:
            return self._button(told, reply, now)
        if not senders:
            return None, ReplyResult(False, "reply.unknown_sender")
        if reply.way is Way.MESHTASTIC:
            return answer, self._by_node(told, reply, senders, now)
        found = tickets.find(f"{reply.text}\n{reply.quoted}")
        known = [(one, told.find(one.no)) for one in found]
        for ticket, sent in known:
            if sent and sent.person in senders and self._tickets.is_ours(ticket, sent.person):
                return answer, self._in_time(sent, now)
        key = "reply.bad_ticket" if found else "reply.no_ticket"
        return answer, _to(senders, key)

    def _button(
        self, told: SentMessageTable, reply: IncomingReply, now: datetime
    ) -> tuple[Answer | None, SentMessage | ReplyResult]:
        """A button's text is TICKET:ANSWER; its signature covers the answer."""
        found, _, said = reply.text.partition(":")
        for ticket in tickets.find(found):
            sent = told.find(ticket.no)
            if (
                sent
                and sent.person in self._policy.people
                and self._tickets.is_ours(ticket, sent.person, said)
            ):
                return answers.read(said), self._in_time(sent, now)
        return None, ReplyResult(False, "reply.bad_ticket")

    def _by_node(
        self,
        told: SentMessageTable,
        reply: IncomingReply,
        senders: dict[str, str],
        now: datetime,
    ) -> SentMessage | ReplyResult:
        """The only open message of the node, or the one that it names by #NUMBER."""
        person, channel = next(iter(senders.items()))
        open_ones = told.open_ones(person, channel, now - self._life)
        for no in tickets.find_numbers(reply.text):
            sent = told.find(no)
            mine = sent is not None and (sent.person, sent.channel) == (person, channel)
            return self._in_time(sent, now) if sent and mine else _to(senders, "reply.bad_ticket")
        if len(open_ones) == 1:
            return open_ones[0]
        if not open_ones:
            return _to(senders, "reply.nothing_open")
        listed = " ".join(f"#{tickets.spell_number(one.no)}" for one in open_ones[:5])
        return ReplyResult(False, "reply.which", {"tickets": listed}, person, channel)

    def _do(
        self, tx: Transaction, sent: SentMessage, answer: Answer, way: Way, now: datetime
    ) -> Outcome | None:
        """None: this message was answered with another outcome before."""
        alert = tx.alerts.find(sent.alert.id) or sent.alert
        if answer.does is None:
            return actions.acknowledge(
                tx, alert.id, sent.person, self._policy, now, way, answer.minutes
            )
        device = tx.devices.get(alert.subject)
        if device is None or device.role is not Role.TRAP:
            raise actions.UnknownSubjectError("this alert is not about a trap")
        same = f"reply {sent.no} {alert.reopened} {answer.name}"
        act = TrapAction(
            id=blake2b(same.encode(), digest_size=16).hexdigest(),
            device=device.id,
            deed=answer.does,
            at=now,
            by=sent.person,
            recorded_at=now,
            through=way,
            species=answer.species,
            count=answer.count,
        )
        if tx.acts.find(act.id) is None and tx.links.use(f"reply {sent.no} {alert.reopened}", now):
            return None
        return actions.record(tx, act, self._policy, now)

    def _senders(self, reply: IncomingReply) -> dict[str, str]:
        """Person -> channel of those whose address sent the reply."""
        if reply.way is Way.NTFY:
            return {}
        return {
            person.name: channel.id
            for person in self._policy.people.values()
            for channel in person.channels
            if self._is_from(channel.url, reply)
        }

    @property
    def _life(self) -> timedelta:
        return timedelta(days=self._policy.alerts.link_days)

    def _in_time(self, sent: SentMessage, now: datetime) -> SentMessage | ReplyResult:
        return sent if now - sent.since <= self._life else _said(sent, "reply.expired")

    def _over(self, tx: Transaction, sent: SentMessage) -> ReplyResult:
        alert = tx.alerts.find(sent.alert.id)
        if alert and alert.status is AlertStatus.ACKNOWLEDGED:
            return _said(sent, "reply.taken", name=alert.acknowledged_by)
        return _said(sent, "reply.over")

    def _names(self, tx: Transaction, sent: SentMessage, answer: Answer) -> dict[str, str]:
        """The trap and the answer in the person's words."""
        person: Person = self._policy.people[sent.person]
        words = translations(person.language)
        about = texts.subject(sent.alert, tx.devices.get(sent.alert.subject), person.language)
        done = words(f"action.{answer.does}") if answer.does else words("reply.on_the_way")
        return {"about": about, "done": done}


def _said(
    sent: SentMessage, key: str, *, changed: bool = False, detail: str = "", **values: str
) -> ReplyResult:
    return ReplyResult(changed, key, values, sent.person, sent.channel, detail)


def _to(senders: dict[str, str], key: str) -> ReplyResult:
    person, channel = next(iter(senders.items()))
    return ReplyResult(False, key, {}, person, channel)
