"""Whether somebody else has acted at a trap since a person last saw it. PURE.

Owns the question. Must not decide which action is allowed (`trap_lifecycle`).
"""

from collections.abc import Iterable
from datetime import datetime

from gateway.domain.model import ActionKind, TrapAction


def in_between(
    act: TrapAction, seen: datetime | None, known: Iterable[TrapAction]
) -> TrapAction | None:
    """The newest action of somebody else that the person of `act` did not know; None: there is none.

    `seen`: the gateway's time of the page on which they acted; without it the time of the act. A visit
    changes nothing, so it conflicts with nothing. An action that `act` corrects is known to its person.
    """
    if act.deed is ActionKind.VISITED:
        return None
    since = seen or act.at
    unknown = (
        one
        for one in known
        if one.by != act.by
        and one.deed is not ActionKind.VISITED
        and one.id != act.replaces
        and max(one.at, one.recorded_at) > since
    )
    return max(unknown, key=lambda one: (one.at, one.recorded_at), default=None)
