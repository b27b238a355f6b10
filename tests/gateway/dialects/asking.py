"""What a dialect makes of one message, for its tests."""

from typing import Any

import pytest

from gateway.dialects import Context
from gateway.dialects.table import BY_NAME
from gateway.domain.model import Device, Kind, MessageRefusedError, Reading, RefusalReason, Role
from tests.gateway.dialects.fixtures import message

EMPTY = Context()


def read(
    dialect: str, topic: str, value: Any, context: Context = EMPTY, *, retain: bool = False
) -> list[Reading]:
    """The readings, in full."""
    return BY_NAME[dialect].decode(message(topic, value, retain=retain), context)


def kinds_read(
    dialect: str, topic: str, value: Any, context: Context = EMPTY
) -> list[tuple[str, Kind]]:
    """Of which device, and what."""
    return [(one.device, one.kind) for one in read(dialect, topic, value, context)]


def reason(dialect: str, topic: str, value: Any, context: Context = EMPTY) -> RefusalReason:
    """Why it is refused."""
    with pytest.raises(MessageRefusedError) as refused:
        read(dialect, topic, value, context)
    return refused.value.reason


def registered(id_: str, role: Role = Role.TRAP, **more: Any) -> Context:
    """A gateway that knows one device."""
    return Context(devices={id_: Device(id=id_, role=role, **more)})
