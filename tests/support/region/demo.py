"""`make region`: a region on loopback, from Debian's packages, with three simulated towns; opens its map.

Owns the order of the start and what is printed. Runs until Ctrl-C and leaves nothing.

    python -m tests.support.region.demo [--no-browser] [--one] [--seconds N]
"""

import argparse
import secrets
import signal
import sys
import time
import webbrowser
from pathlib import Path

from tests.support.processes.child import Child
from tests.support.region.hub_site import AnyHub, HubSite
from tests.support.region.servers.cluster import Cluster
from tests.support.region.servers.single import Single
from tests.support.servers import free_port, listens, wait_for

TOWNS = (  # name, title, what it gives to the prefecture, areas of the island
    ("miiraku", "三井楽町", "exact", ("三井楽", "岐宿")),
    ("tomie", "富江町", "1km", ("富江", "玉之浦")),
    ("fukue", "福江市", "5km", ("福江",)),
)
USER = "prefecture"
START_S = 180.0


def main() -> None:
    """Start everything, wait, end everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument(
        "--one", action="store_true", help="one PostgreSQL instead of three members"
    )
    parser.add_argument("--seconds", type=float, default=0.0, help="end by itself after so long")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print("PostgreSQL, Patroni, etcd, HAProxy を起動中 / starting the hub ...", flush=True)
    database: Cluster | Single = Single() if options.one else Cluster()
    site: AnyHub = HubSite(database)
    with site as hub:
        towns: list[Child] = []
        try:
            show(hub, towns, browser=not options.no_browser)
            until = time.monotonic() + (options.seconds or 1e9)
            while time.monotonic() < until:
                time.sleep(0.5)
        except KeyboardInterrupt:
            print("終わります / ending", flush=True)
        finally:
            for town in towns:
                town.end(signal.SIGKILL)


def show(hub: AnyHub, towns: list[Child], *, browser: bool) -> None:
    """Towns, pages, and how to get in."""
    password = secrets.token_hex(8)
    words = ["--organisation", "prefecture", "--title", "長崎県", "--operates", "--role", "admin"]
    hub.command("users", "add", USER, *words, told=f"{password}\n{password}\n")
    page = pages(hub)
    for name, title, level, areas in TOWNS:
        folder = hub.site.folder / "towns" / name
        config = hub.enrol(name, folder, site=f'name = "{name}"\ntitle = "{title}"')
        run = [
            sys.executable,
            "-m",
            "tests.support.region.towns.demo_town",
            str(config),
            level,
            *areas,
        ]
        (folder / "log").touch()
        towns.append(Child(folder / "log"))
        towns[-1].start(run)
    print(f"町の記録を作成中 / simulating {len(TOWNS)} towns ...", flush=True)
    wait_for(
        lambda: all("live" in town.log for town in towns), "the towns to be simulated", START_S
    )
    wait_for(lambda: has_sums(hub), "the region to add up", START_S)
    print(f"  地域の地図 / the region's map   {page}/region/map")
    print(f"  名前 / name {USER}  パスワード / password {password}")
    for town in towns:
        print(f"  町 / town  {town.log.splitlines()[0]}")
    if isinstance(hub.database, Cluster):
        print(f"  機械 / members  {hub.database.roles()}")
    print("  Ctrl-C で終了、何も残りません / Ctrl-C ends it and leaves nothing", flush=True)
    if browser:
        webbrowser.open(f"{page}/region/map")


def are_live(towns: list[Child]) -> bool:
    """Whether all towns are simulated up to now. Raises AssertionError when one has ended."""
    for town in towns:
        assert not town.has_ended(), town.log[-2_000:]
    return all("live" in town.log for town in towns)


def pages(hub: AnyHub) -> str:
    """A further receiver whose pages a browser on this machine opens without a certificate; its address."""
    port = free_port()
    text = (hub.site.first / "receiver1.toml").read_text()
    lines = [line for line in text.splitlines() if not line.startswith(("listen", "public_url"))]
    config = Path(hub.site.first / "pages.toml")
    config.write_text("\n".join([*lines, f'listen = "127.0.0.1:{port}"']))
    hub.start_receiver("pages")
    wait_for(lambda: listens(port), f"the pages; {hub.log}", 60)
    return f"http://127.0.0.1:{port}"


def has_sums(hub: AnyHub) -> bool:
    """Whether each town's squares are added up."""
    query = "SELECT count(DISTINCT town) FROM region.square_month WHERE devices > 0"
    return bool(
        hub.value(query) == len(TOWNS) and hub.value("SELECT count(*) FROM region.square_due") == 0
    )


if __name__ == "__main__":
    main()
