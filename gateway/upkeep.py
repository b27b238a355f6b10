"""The parts that look after the database file, the clock and the broker's certificate, or follow the journal.

Owns which they are. Must not repair anything itself.
"""

from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from gateway.broker.files import BrokerFiles
from gateway.ingest.reports.forgetting import Forgetting
from gateway.metrics.disk_wear import DiskWear
from gateway.metrics.written import WrittenWatch
from gateway.mqtt.served.certificate import CertificateWatch
from gateway.parts import Gateway, followers
from gateway.store.clocks.clock_correction import ClockCorrections
from gateway.store.file.file_watch import FileWatch
from gateway.store.housekeeping import Housekeeping

PART = {"influx": "sink"}  # a follower of the journal -> the part of the gateway with its fault
Tasks = dict[str, Callable[[], Coroutine[Any, Any, None]]]
"""What the root TaskGroup runs, by the name of the task."""


class Upkeep(Struct):
    """Parts that look after the database file and the clock, and that follow the journal."""

    tasks: Tasks
    faults: list[Callable[[], dict[str, str]]]


def upkeep_of(gateway: Gateway) -> Upkeep:
    """Deletion of old rows, watches over file and certificate, followers, and the correction of times."""
    housekeeping = Housekeeping(
        gateway.store,
        gateway.config.store.retention_days,
        gateway.clock,
        lambda: gateway.keeper is None or gateway.keeper.trusted,
    )
    files = FileWatch(gateway.store, gateway.clock)
    files.measure(gateway.health.registry)
    gateway.health.registry.register(DiskWear(gateway.store.path))
    written = WrittenWatch(gateway.store, Path(gateway.config.broker.pid_file))
    upkeep = Upkeep(
        {"housekeeping": housekeeping.run, "files": files.run, "written": written.run},
        [housekeeping.faults, files.faults],
    )
    forgetting = Forgetting(
        gateway.store,
        gateway.config.reports.contact_days,
        gateway.clock,
        lambda: gateway.keeper is None or gateway.keeper.trusted,
    )
    upkeep.tasks["reporters"] = forgetting.run
    watch = certificate_watch(gateway)
    upkeep.tasks["certificate"] = watch.run
    upkeep.faults.append(watch.faults)
    for name, follower in followers(gateway).items():
        upkeep.tasks[name] = follower.run
        upkeep.faults.append(partial(follower.alarm.faults, PART.get(name, name)))
    if gateway.keeper:
        corrections = ClockCorrections(gateway.keeper, gateway.store)
        upkeep.tasks["clock corrections"] = corrections.run
        upkeep.faults.append(corrections.faults)
    return upkeep


def certificate_watch(gateway: Gateway) -> CertificateWatch:
    """Looks at what the broker of this machine shows to sensors, if we have set it up."""
    settings = gateway.config.broker
    return CertificateWatch(settings.port, BrokerFiles(settings).authority, gateway.clock)
