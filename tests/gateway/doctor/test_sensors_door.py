"""What the doctor says of the sensors' way in, at the broker as it is shipped."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.broker.certificates import new_authority
from gateway.clock import utc_now
from gateway.doctor.case import Case
from gateway.doctor.checks.sensors_door import PLAIN, accounts, certificate_names, plain_door
from gateway.doctor.finding import Finding, Outcome
from gateway.domain.model import Device, Role, Standing
from gateway.store import Store
from tests.support.samples import TOKYO
from tests.support.servers import free_port
from tests.support.shipped_broker import ShippedBroker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[ShippedBroker]:
    with ShippedBroker(tmp_path / "mosquitto") as server:
        yield server


def case(broker: ShippedBroker, **more: object) -> Case:
    base = {"folder": str(broker.directory), "port": broker.sensors}
    store = {"path": str(broker.directory / "s.db")}
    config = broker.settings(broker=base | more, store=store)
    return Case(config=config, now=utc_now(), system=broker.directory)


def told(found: Finding) -> tuple[Outcome, str, str]:
    return found.outcome, found.command, str(found.values.get("names", ""))


def test_a_certificate_for_the_present_addresses_is_well(broker: ShippedBroker) -> None:
    assert certificate_names(case(broker)).outcome is Outcome.WELL


def test_an_address_that_the_certificate_lacks_is_named_with_the_command(
    broker: ShippedBroker,
) -> None:
    found = told(certificate_names(case(broker, names=["sika.example"])))
    assert found == (Outcome.FAULT, "sudo shishigaki broker renew", "sika.example")


def test_a_certificate_of_another_authority_is_refused(broker: ShippedBroker) -> None:
    broker.authority.write_bytes(new_authority("goto", "x", utc_now()).certificate)
    assert certificate_names(case(broker)).outcome is Outcome.FAULT


def test_a_closed_port_is_left_to_the_check_of_the_broker(broker: ShippedBroker) -> None:
    assert certificate_names(case(broker, port=free_port())).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("standing", "outcome"), [(Standing.REVOKED, Outcome.FAULT), (Standing.APPROVED, Outcome.WELL)]
)
def test_a_revoked_device_that_may_still_enter_is_named(
    broker: ShippedBroker, standing: Standing, outcome: Outcome
) -> None:
    broker.password("wana-66")
    store = Store(broker.directory / "s.db", TOKYO)
    store.write_now(
        lambda tx: tx.put_device(Device(id="wana-66", role=Role.TRAP, standing=standing))
    )
    store.close()
    assert accounts(case(broker)).outcome is outcome


def test_sensors_without_tls_are_told(broker: ShippedBroker) -> None:
    assert plain_door(case(broker)).outcome is Outcome.WELL
    plain = broker.directory / PLAIN
    plain.parent.mkdir(parents=True)
    plain.write_text("listener 1883\n")
    assert plain_door(case(broker)).outcome is Outcome.UNKNOWN
