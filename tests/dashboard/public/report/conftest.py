"""A site that takes residents' reports, with a person of each role."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from msgspec import Struct
from msgspec.structs import replace

from gateway import app as service
from gateway.domain.people.person import PersonChannel
from gateway.ingest.photos import keeping
from tests.dashboard.client import Client
from tests.dashboard.office.damage.test_damage_photos import CheckHere
from tests.dashboard.place import NOW
from tests.dashboard.rights.house import browsers, build
from tests.support.people import keep

SETTINGS = {"enabled": True, "phone": "0959-00-0000", "open311": True, "work_bits": 8}


class Time(Struct):
    """The site's clock, which tests turn: the limits of an hour begin anew with each test."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="package")
def time() -> Time:
    return Time()


@pytest.fixture(scope="package")
def gateway(tmp_path_factory: pytest.TempPathFactory, time: Time) -> Iterator[service.Gateway]:
    """A site where reports are on; pictures are read without a process of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "PictureCheck", CheckHere)
        made = build(tmp_path_factory.mktemp("reports"), reports=SETTINGS)
        made.clock = time
        made.photos = keeping.PhotoKeeper(made.store, made.config, time)
    people = made.store.read_now(lambda reader: reader.people.kept()) or {}
    keep(made.store, replace(people["a-trapper"], channels=(PersonChannel("0", "console:"),)))
    yield made
    made.store.close()


@pytest.fixture(scope="package")
def readers(gateway: service.Gateway) -> Iterator[dict[str, Client]]:
    """A browser of each role's person, and one of nobody."""
    with browsers(service.pages(gateway, dict)) as found:
        yield found


@pytest.fixture(autouse=True)
def fresh(gateway: service.Gateway, time: Time) -> None:
    """Each test begins without reports, in another hour."""
    time.now += timedelta(hours=1)

    def work(tx: object) -> None:
        for table in ("report", "report_step", "photo_report", "sighting"):
            tx.execute(f"DELETE FROM {table}")  # type: ignore[attr-defined]

    gateway.store.write_now(work)
