"""Frames whose content could not be read: the device is alive, its state is unknown. PURE.

Owns the heartbeat that such a frame becomes, the mark on the first event that can be read again, and the
text about simulated messages. Must not store or hold anything.
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
    """The heartbeat of a refused frame; None unless it carried the state of an approved device."""
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


def note_read_again(event: Event, state: DeviceState | None, is_unread_now: bool | None) -> Event:
    """The event of content that was read, marked when it is the first one that can be read again.

    `is_unread_now`: whether the newest content of this batch was unread; None: the batch had none.
    """
    unread = is_unread(state) if is_unread_now is None else is_unread_now
    if not unread or event.unread is not None:
        return event
    return msgspec.structs.replace(event, unread="")


def test_detail(reading: Reading) -> str:
    """Why a simulated message is stored and not counted, for a person."""
    return (
        f"{reading.device}: 模擬の通知（試験）です。{reading.kind} として数えません"
        f" / simulated at its source: a test, not counted as {reading.kind}"
    )
