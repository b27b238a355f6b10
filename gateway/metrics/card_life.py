"""How long a memory card lasts at the present rate of writing. PURE.

Owns the reckoning. Must not measure (`written`).
"""

from msgspec import Struct

AMPLIFICATION = (
    4.0  # a card writes whole blocks of its own: small synced writes cost it so many times as much
)
HOURS_A_YEAR = 8_766.0
TB, MB = 1e12, 1e6
LONGEST_YEARS = 30.0  # beyond that other things end a card


class Written(Struct, frozen=True, kw_only=True):
    """Bytes written in so many hours; None where the machine does not tell."""

    hours: float
    gateway: float | None = None
    broker: float | None = None
    disk: float | None = None  # by all programs, as the disk counts


class CardLife(Struct, frozen=True, kw_only=True):
    """MB an hour of each, and for how many years the card lasts; None: not told."""

    gateway_mb_h: float | None
    broker_mb_h: float | None
    disk_mb_h: float | None
    years: float | None


def forecast(written: Written, endurance_tb: float) -> CardLife:
    """The life of a card whose maker states that `endurance_tb` can be written to it.

    All programs count where the disk tells; else gateway and broker.
    """

    def an_hour(count: float | None) -> float | None:
        return None if count is None else count / written.hours

    gateway, broker, disk = map(an_hour, (written.gateway, written.broker, written.disk))
    ours = None if gateway is None else gateway + (broker or 0.0)
    rate = max(filter(None, (disk, ours)), default=None)
    years = None
    if rate:
        years = min(LONGEST_YEARS, endurance_tb * TB / AMPLIFICATION / (rate * HOURS_A_YEAR))
    return CardLife(
        gateway_mb_h=_mb(gateway), broker_mb_h=_mb(broker), disk_mb_h=_mb(disk), years=years
    )


def _mb(count: float | None) -> float | None:
    return None if count is None else count / MB
