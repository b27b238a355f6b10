"""A municipality for the officials' tests: sensors, traps and two years of roll-ups and acts.

Everything is written through the gateway's own transactions; counts and effort are plain numbers
that tests can check by hand.
"""

from datetime import UTC, datetime
from pathlib import Path

from gateway.config import Config
from gateway.domain.effort import HourlyTally
from gateway.domain.model import ActionKind, Device, Kind, Reading, Role, TimeSource, TrapAction
from gateway.store import Store
from tests.dashboard.place import HOSTILE, Place

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
HOUR_MS = 3_600_000
CAMERAS = tuple(
    Device(
        id=f"cam-{n}",
        role=Role.DETECTOR,
        name=HOSTILE if n == 3 else f"林道カメラ{n}",
        lat=32.66 + 0.012 * (n % 3),
        lon=128.74 + 0.012 * (n // 3),
        area="岐宿" if n < 5 else "富江",
    )
    for n in range(9)
)
PIR = Device(id="pir-1", role=Role.DETECTOR, name="人感1", lat=32.6703, lon=128.7521)
TRAPS = tuple(
    Device(
        id=f"trap-{n}",
        role=Role.TRAP,
        name=f"沢のわな{n}",
        lat=32.664 + 0.01 * n,
        lon=128.751,
        area="岐宿",
        trap_type="snare" if n % 2 else "box",
    )
    for n in range(4)
)


def hour(at: datetime) -> int:
    """Hours since 1970."""
    return int(at.timestamp() // 3600)


def watched(store: Store, device: str, first: datetime, hours: int, *, armed: bool = False) -> None:
    """So many hours of life (and of fishing) from `first` on."""
    cell = [HOUR_MS, HOUR_MS * armed]
    tally = HourlyTally({hour(first) + i: list(cell) for i in range(hours)}, {})
    store.write_now(lambda tx: tx.add_tally(device, tally))


def sighted(store: Store, device: str, at: datetime, n: int, species: str = "boar") -> None:
    """`n` independent events in the hour of `at`."""
    tally = HourlyTally({}, {(hour(at), species): [n, n, n]})
    store.write_now(lambda tx: tx.add_tally(device, tally))


def caught(
    store: Store,
    device: str,
    at: datetime,
    *,
    deed: ActionKind = ActionKind.CAPTURED,
    **facts: object,
) -> TrapAction:
    """A person's record."""
    act = TrapAction(
        id=f"{device}-{deed}-{at.isoformat()}",
        device=device,
        deed=deed,
        at=at,
        by="taro",
        recorded_at=at,
        **facts,  # type: ignore[arg-type]
    )
    store.write_now(lambda tx: tx.acts.add(act))
    return act


def word(device: str, kind: Kind, at: datetime) -> Reading:
    """A trap's own word."""
    return Reading(
        id=f"{device}-{kind}-{at.timestamp()}",
        device=device,
        kind=kind,
        device_time=at,
        time_source=TimeSource.GPS,
    )


class County(Place):
    """A settled municipality; `config` may be changed before it is served."""

    def __init__(self, directory: Path, **settings: object) -> None:
        super().__init__(directory, **settings)
        self.now = NOW

    def settle(self) -> "County":
        """September and October 2026 watched by all cameras, boar in the west, deer everywhere."""
        self.store.write_now(lambda tx: tx.put_devices((*CAMERAS, PIR, *TRAPS)))
        for first in (datetime(2026, 8, 31, 15, tzinfo=UTC), datetime(2025, 8, 31, 15, tzinfo=UTC)):
            for device in (*CAMERAS, PIR):
                watched(self.store, device.id, first, 60 * 24)
            for trap in TRAPS:
                watched(self.store, trap.id, first, 50 * 24, armed=True)
        for n, camera in enumerate(CAMERAS):
            sighted(self.store, camera.id, datetime(2026, 9, 10, 11, tzinfo=UTC), 3 * (9 - n))
            sighted(self.store, camera.id, datetime(2025, 9, 10, 11, tzinfo=UTC), n + 1)
            sighted(self.store, camera.id, datetime(2026, 9, 11, 3, tzinfo=UTC), 1, "deer")
        sighted(self.store, PIR.id, datetime(2026, 9, 10, 11, tzinfo=UTC), 40, "unknown")
        self._acts()
        return self

    def _acts(self) -> None:
        for day, trap, species, count in (
            (3, 0, "boar", 1),
            (9, 1, "boar", 2),
            (9, 2, "deer", 1),
            (20, 1, "boar", 1),
        ):
            at = datetime(2026, 9, day, 22, tzinfo=UTC)
            caught(self.store, f"trap-{trap}", at, species=species, count=count, sex="male")
        caught(self.store, "trap-1", datetime(2025, 9, 20, tzinfo=UTC), species="boar", count=1)
        caught(
            self.store, "trap-1", datetime(2026, 10, 2, tzinfo=UTC), deed=ActionKind.FALSE_SPRING
        )

    def configure(self, config: Config) -> "County":
        """Serve with other settings."""
        self.config = config
        return self
