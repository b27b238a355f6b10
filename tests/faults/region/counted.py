"""What a hub has of towns, against what they have. Owns the questions; must not start anything."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.pace import slowness
from tests.support.region.hub_site import AnyHub
from tests.support.region.towns.town_group import TownGroup
from tests.support.servers import wait_for

COUNTS = """
SELECT o.id, count(e.id), count(DISTINCT e.id), count(*) FILTER (WHERE e.id !~ '^town-[0-9]+$')
FROM region.organisation o LEFT JOIN region.event e ON e.town = o.no WHERE o.id = ANY ($1) GROUP BY o.id
"""
UPTO = """
SELECT coalesce(sum(upto), 0)::bigint FROM region.journal j JOIN region.organisation o ON o.no = j.town
WHERE o.id = ANY ($1)
"""


def sent(hub: AnyHub, towns: TownGroup) -> int:
    """How many events the hub has acknowledged of these towns."""
    return int(hub.value(UPTO, towns.names))


def missing_and_double(hub: AnyHub, towns: TownGroup) -> tuple[int, int]:
    """Events that the hub lacks, and rows beyond one for each event."""
    rows = hub.run(lambda link: link.fetch(COUNTS, towns.names))
    assert sum(row[3] for row in rows) == 0, "events that no town sent"
    lost = sum(towns.events - row[2] for row in rows) + towns.events * (
        len(towns.names) - len(rows)
    )
    return lost, sum(row[1] - row[2] for row in rows)


def check_hub_has(hub: AnyHub, towns: TownGroup, deadline_s: float = 120) -> None:
    """Wait until the hub has every event and the towns have nothing left to send; each event once."""

    def is_done() -> bool:
        try:
            return missing_and_double(hub, towns)[0] == 0 and towns.waiting() == 0
        except AssertionError:
            raise
        except Exception:  # the database is away
            time.sleep(0.5)
            return False

    try:
        wait_for(is_done, "the hub to have everything", deadline_s)
    except AssertionError as error:
        found = missing_and_double(hub, towns), towns.waiting()
        raise AssertionError(
            f"{error}: {found}; {towns.log[-3_000:]}; {hub.log[-3_000:]}"
        ) from None
    assert missing_and_double(hub, towns) == (0, 0)


def differing(towns: TownGroup) -> list[str]:
    """Towns whose counts differ from the hub's: `shishigaki region verify` says so by its exit code."""
    with ThreadPoolExecutor(2) as threads:
        found = threads.map(_verified, towns.configs.items())
        return [one for one in found if one]


def _verified(town: tuple[str, Path]) -> str:
    """What `verify` says of one town; "": no difference."""
    run = [sys.executable, "-m", "gateway.cli", "region", "verify", "-c", str(town[1])]
    limit_s = 120 * slowness()
    done = subprocess.run(run, capture_output=True, text=True, timeout=limit_s, check=False)
    return f"{town[0]}: {done.stdout[-2_000:]}{done.stderr[-2_000:]}" if done.returncode else ""
