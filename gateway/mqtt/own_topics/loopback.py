"""The loop-back: a question to the running gateway through the broker, answered after a commit. PURE.

Owns its two topics and payloads. The answer shows that broker, subscription, intake, database and publishing
work together. It makes no event. Must not talk to the broker (`round_trip`).
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from gateway.dialects.native_protocol import encode_confirm
from gateway.domain.model import Message
from gateway.mqtt.own_topics import names

LONGEST_ID = 64  # characters
LONGEST_BYTES = 200

Answers = dict[str, list[str]]  # topic -> ids of the questions


class _Question(Struct):
    id: str


_decode = msgspec.json.Decoder(_Question).decode


def topic(site: str) -> str:
    """Where the question is published, with the gateway's own account."""
    return f"{names.of_site(site)}gateway/loopback"


def answer_topic(site: str) -> str:
    """Where the answer comes, as a confirm of the question's id."""
    return f"{topic(site)}/confirm"


def question(id_: str) -> bytes:
    """The payload of a question: ``{"id": "..."}``."""
    return msgspec.json.encode({"id": id_})


def is_answer(payload: object, id_: str) -> bool:
    """Whether a payload on the topic of answers answers the question `id_`."""
    return payload == encode_confirm([id_])


def split(messages: Sequence[Message]) -> tuple[list[Message], Answers]:
    """(the messages to judge, the answers that are due after the commit)."""
    others: list[Message] = []
    due: Answers = {}
    for message in messages:
        if not _is_question(message.topic):
            others.append(message)
        elif id_ := _id(message):
            due.setdefault(f"{message.topic}/confirm", []).append(id_)
    return others, due


def _is_question(name: str) -> bool:
    return name.startswith(names.ROOT) and name.endswith("/gateway/loopback")


def _id(message: Message) -> str:
    """The question's id; "" where there is none: a retained or a broken message is not answered."""
    if message.retain or len(message.payload) > LONGEST_BYTES:
        return ""
    try:
        return _decode(message.payload).id[:LONGEST_ID]
    except msgspec.MsgspecError:
        return ""
