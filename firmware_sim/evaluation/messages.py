"""Messages: was everything that reached the broker stored, once, and at its true time?

Owns these counts. Must not judge what messages mean.
"""

from collections import Counter

from msgspec import Struct

from firmware_sim.evaluation.record import GatewayRecord
from firmware_sim.evaluation.story import Story

WRONG_TIME_S = 120.0
PRESENCE = {"online", "offline", "join"}  # births and last wills, which have no id


class MessageScore(Struct, frozen=True):
    """The fate of all messages, from the device to the journal."""

    sent: int
    never_heard: dict[str, int]  # by why
    waiting: int  # still in devices when the simulation ended
    heard: int
    copies: int  # further copies of the same message at the broker
    stored: int
    lost: int  # reached the broker, not in the journal
    lost_names: list[str]  # the first of them
    doubled: int  # further rows of the same message
    unknown: int  # rows of no message
    wrong_time: int  # stored more than WRONG_TIME_S from the true time


def score(story: Story, record: GatewayRecord) -> MessageScore:
    """Compare the messages."""
    rows = Counter((event.device, event.id) for event in record.events)
    lost = [name for name in story.heard if name not in rows]
    times = {(event.device, event.id): event.observed_at for event in record.events}
    wrong = [
        name
        for name, sent in story.sent.items()
        if name in times and abs(times[name] - sent.at) > WRONG_TIME_S
    ]
    return MessageScore(
        sent=len(story.sent),
        never_heard=dict(Counter(story.lost.values())),
        waiting=sum(n not in story.heard and n not in story.lost for n in story.sent),
        heard=len(story.heard),
        copies=sum(one.copies - 1 for one in story.heard.values()),
        stored=len(story.heard) - len(lost),
        lost=len(lost),
        lost_names=[f"{device} {id_}" for device, id_ in lost[:10]],
        doubled=sum(count - 1 for name, count in rows.items() if name in story.sent),
        unknown=sum(
            (event.device, event.id) not in story.sent and event.kind not in PRESENCE
            for event in record.events
        ),
        wrong_time=len(wrong),
    )
