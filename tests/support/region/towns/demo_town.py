"""One simulated town of `make region`: some areas of the demo's island, its own broker, gateway and sensors.

Owns which devices the town has, what it gives to the prefecture, and its process. Everything else is the
demo's and the gateway's.

    python -m tests.support.region.towns.demo_town CONFIG LEVEL AREA...
"""

import asyncio
import re
import signal
import sys
from datetime import timedelta
from importlib import resources
from pathlib import Path

from msgspec.structs import replace

from gateway import app as service
from gateway.cli.demo.island import Demo, DemoOptions
from gateway.clock import utc_now
from gateway.config import Config, Site, load
from gateway.domain.people.agreement import Agreement
from gateway.mqtt.embedded_broker import embedded
from gateway.region.sharing import ShareLevel
from tests.support.servers import free_port

HISTORY = timedelta(days=60)
SPEED = 60.0
AREA = re.compile(r'area = "([^"]*)"')


class RegionTown(Demo):
    """The demo with the settings of a region. The folder holds `town.toml` as `region join` wrote it."""

    def __init__(self, options: DemoOptions, town: Config) -> None:
        self._town = town
        super().__init__(options)

    def _config(self) -> Config:
        self.broker_port = free_port()  # drawn by lot: three towns start at the same time
        own = super()._config()
        site = Site(name=self._town.site.name, title=self._town.site.title)
        return replace(own, site=site, region=self._town.region)


def scenario(folder: Path, areas: list[str]) -> Path:
    """The demo's island with the devices of these areas only."""
    text = (resources.files("firmware_sim") / "scenarios" / "fukue.toml").read_text("utf-8")
    lines = (
        line
        for line in text.splitlines()
        if (found := AREA.search(line)) is None or found[1] in areas
    )
    path = folder / "scenario.toml"
    path.write_text("\n".join(lines), "utf-8")
    return path


def give(town: RegionTown, level: ShareLevel) -> None:
    """The town's agreement with the prefecture, as its page makes it."""
    now = utc_now()
    agreement = Agreement(
        id="demo",
        giver=town.gateway.config.region.town,
        taker="prefecture",
        level=level,
        from_day=(now - HISTORY).date(),
        made_at=now,
        made_by="make region",
    )
    town.gateway.store.write_now(lambda tx: tx.agreements.put(agreement))


async def run(config: Path, level: ShareLevel, areas: list[str]) -> None:
    """Seed some weeks, then live until a signal."""
    folder = config.parent
    told = load(config)
    options = DemoOptions(folder, free_port(), SPEED, str(scenario(folder, areas)), HISTORY)
    town = RegionTown(options, told)
    give(town, level)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with (
        embedded(folder / "broker", town.broker_port),
        service.running(town.gateway) as task,
    ):
        print(
            f"{told.region.town}: http://127.0.0.1:{town.port}/in/{town.sign_in}",
            flush=True,
        )
        world = await town.seed(lambda _: None)
        print(f"{told.region.town}: live", flush=True)
        live = asyncio.create_task(town.live(world, stop))
        await asyncio.wait({task, live}, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        await live


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), ShareLevel(sys.argv[2]), sys.argv[3:]))
