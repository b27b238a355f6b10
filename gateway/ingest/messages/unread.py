"""What a frame leaves behind whose content could not be read: the device lives, its state is unknown. PURE.

Owns that reading, and the marks of tests and of content that is read again. Must not store or hold anything.
"""

from collections.abc import Mapping

import msgspec

from gateway.dialects.payload import identity
from gateway.domain.device_state import is_unread
from gateway.domain.model import (
    Device,
    DeviceState,
    Event,
    Kind,
    Message,
    MessageRefusedError,
    Reading,
    Standing,
    TimeSource,
)


def heartbeat_of(
    message: Message, refused: MessageRefusedError, devices: Mapping[str, Device]
) -> Reading | None:
    """What is left of a refused frame; None unless it told the state of a device that counts."""
    device = devices.get(refused.device or "") if refused.unread else None
    if device is None or device.standing is not Standing.APPROVED:
        return None
    return Reading(
        id=f"{identity(message)}:unread",
        device=device.id,
        kind=Kind.HEARTBEAT,
        device_time=refused.at,
        time_source=TimeSource.NETWORK if refused.at else TimeSource.NONE,
        unread=refused.detail,
    )


def note_read_again(
    event: Event, reading: Reading, state: DeviceState | None, told: bool | None
) -> Event:
    """The event, saying so when it is the first whose content is read again.

    `told`: what the batch itself has said since (True: unread, False: read), None: nothing.
    """
    unread = is_unread(state) if told is None else told
    if not unread or not reading.is_content or event.unread is not None:
        return event
    return msgspec.structs.replace(event, unread="")


def test_detail(reading: Reading) -> str:
    """Why a simulated message is kept and not counted."""
    return (
        f"{reading.device}: 模擬の通知（試験）です。{reading.kind} として数えません"
        f" / simulated at its source: a test, not counted as {reading.kind}"
    )
