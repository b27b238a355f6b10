"""An outcome that is recorded late belongs to a spring whose alert is over: the alert keeps it.

Owns these writes, inside the transaction of the action. Which spring it is: `gateway.domain.traps.outcomes`.
"""

from datetime import datetime

from gateway.alerts import missing_outcomes
from gateway.alerts.apply import apply
from gateway.alerts.policy import Policy
from gateway.alerts.rules import End, Ruling
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.model import TrapAction
from gateway.domain.outcome import Outcome
from gateway.domain.traps import corrections, outcomes
from gateway.store import Transaction


def settle(
    tx: Transaction, outcome: Outcome, act: TrapAction, policy: Policy, now: datetime
) -> None:
    """Give the outcome to its spring; when none is missing any more, nobody is asked."""
    springs = missing_outcomes.springs(tx, policy, now, act.device)
    if answered := outcomes.answered(springs, act):
        tx.alerts.put(answered)
    if tx.alerts.find_open(RuleName.OUTCOME_MISSING, act.device) is None:
        return
    if not missing_outcomes.missing(tx, policy, now, act.device):
        end = End(RuleName.OUTCOME_MISSING, act.device, act.by, outcomes.summary(act))
        apply(tx, outcome, Ruling(ends=[end]), policy, now)


def change(tx: Transaction, target: TrapAction, policy: Policy, now: datetime) -> None:
    """After an action was corrected or taken back: its spring has the outcome that counts now, or none."""
    chain = tx.acts.chain(target.id)
    counting = [one for one in corrections.counting(chain) if one.deed in outcomes.SAYS_WHAT]
    for alert in missing_outcomes.springs(tx, policy, now, target.device):
        if alert.outcome in {one.id for one in chain}:
            tx.alerts.put(outcomes.with_outcome(alert, counting[0] if counting else None))
