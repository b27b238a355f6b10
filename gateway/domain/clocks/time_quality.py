"""How much a judged time can be trusted.

Owns these words. Others import them from `model`, with the words that stand beside them.
"""

from enum import StrEnum


class TimeQuality(StrEnum):
    """How much the judged time ``observed_at`` can be trusted, best first."""

    SYNCED = "synced"  # the device's clock follows GPS, NTP or a network server
    RTC = "rtc"  # the device's own unsynchronised clock, plausible
    DERIVED = "derived"  # corrected: by what is known of the clock, or dated again later
    RECEIVED = "received"  # no usable device time: when it reached the gateway
    UNTRUSTED = "untrusted"  # the gateway's own clock was not trusted either
    DOUBTFUL = "doubtful"  # the device's time contradicts what is known: when it reached us
    UNKNOWN = "unknown"  # a broker had kept it: at some time before it reached us


OWN_TIME = frozenset((TimeQuality.SYNCED, TimeQuality.RTC, TimeQuality.DERIVED))
DOUBTS = frozenset((TimeQuality.DOUBTFUL, TimeQuality.UNKNOWN))  # people must hear of it
