"""Making and revoking agreements: the rules, the row and the audit in one transaction.

Owns the order of these steps. Must not read a clock, nor tell the region: its uplink reads the table.
"""

from datetime import date, datetime

from msgspec.structs import replace

from gateway.domain.people import agreement as rules
from gateway.domain.people.agreement import Agreement, AgreementError
from gateway.domain.people.changes import FieldChange
from gateway.domain.people.plain_text import plain_name
from gateway.domain.people.rules import plain
from gateway.store import Transaction


def make(tx: Transaction, asked: Agreement, today: date) -> Agreement:
    """Keep a new agreement; `today`: the giver's local day. Raises AgreementError."""
    made = replace(asked, taker=plain(asked.taker), note=plain_name(asked.note, len(asked.note)))
    rules.check(made, today)
    if tx.agreements.find(made.id) is not None:
        return made  # the form was sent twice
    tx.agreements.put(made)
    tx.people.note("agreement_made", [_change("", _told(made))], made.made_by, made.made_at)
    return made


def revoke(tx: Transaction, id_: str, by: str, now: datetime) -> None:
    """End an agreement at once. Raises AgreementError."""
    known = tx.agreements.find(id_)
    if known is None:
        raise AgreementError("agreement_error.unknown")
    tx.agreements.put(rules.revoked(known, by, now))
    tx.people.note("agreement_revoked", [_change(_told(known), "")], by, now)


def _change(before: str, after: str) -> FieldChange:
    return FieldChange("agreement", before, after)


def _told(one: Agreement) -> str:
    return f"{one.taker}: {one.level}, {one.from_day} - {one.until_day or ''}".rstrip()
