"""A sensor's object in an uplink of ChirpStack, and what becomes of it."""

from typing import Any

import pytest

from gateway.dialects import Context
from gateway.dialects.lorawan import chirpstack as chirp
from gateway.domain.model import Device, Kind, MessageRefusedError, Reading, Role
from tests.gateway.dialects.fixtures import EUI, UP, chirpstack, message

ASSUME = Context(assume=True)


def registered(model: str = "", role: Role = Role.TRAP, **more: Any) -> Context:
    """A gateway that knows the sensor."""
    return Context(devices={EUI: Device(id=EUI, role=role, model=model, **more)})


def up(values: dict[str, Any] | None, context: Context = ASSUME, **more: Any) -> list[Reading]:
    """The readings; `more` goes into the envelope."""
    return chirp.decode(message(UP, chirpstack(values, **more)), context)


def kinds_of(values: dict[str, Any], context: Context = ASSUME, **more: Any) -> list[Kind]:
    """What they say."""
    return [reading.kind for reading in up(values, context, **more)]


def refusal(values: dict[str, Any], context: Context, **more: Any) -> MessageRefusedError:
    """Why there are none."""
    with pytest.raises(MessageRefusedError) as refused:
        up(values, context, **more)
    return refused.value
