"""How much a judged time can be trusted.

Owns these values. Other modules import them from `model`, together with the other shared values.
"""

from enum import StrEnum


class TimeQuality(StrEnum):
    """How much the judged time ``observed_at`` can be trusted, best first."""

    SYNCED = "synced"  # the device's clock follows GPS, NTP or a network server
    RTC = "rtc"  # the device's own unsynchronised clock, plausible
    DERIVED = "derived"  # corrected by the known error of a clock
    RECEIVED = "received"  # no usable device time: the time of arrival
    UNTRUSTED = "untrusted"  # the gateway's own clock was not trusted either
    DOUBTFUL = "doubtful"  # the device's time contradicts what is known: the time of arrival
    UNKNOWN = "unknown"  # a retained message: some time before its arrival


OWN_TIME = frozenset((TimeQuality.SYNCED, TimeQuality.RTC, TimeQuality.DERIVED))
DOUBTS = frozenset((TimeQuality.DOUBTFUL, TimeQuality.UNKNOWN))  # shown to people
