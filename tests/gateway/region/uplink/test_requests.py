"""What the region asks for is decided once, by the town's own rules, and answered until that is known."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from gateway.alerts.policy import Policy
from gateway.config import check
from gateway.domain.model import Alert, AlertLevel, AlertStatus
from gateway.domain.outcome import Outcome
from gateway.ingest.people.actions import acknowledge
from gateway.region.protocol import Block, Request, RequestKind
from gateway.store import Store, Transaction
from tests.gateway.export.influx.kit import LATER, filled
from tests.gateway.region.uplink.fake_region import CUT_AFTER, FakeRegion, listening
from tests.gateway.region.uplink.kit import make_uplink, sending, settings, until
from tests.support.samples import at

ALERT = Alert(
    id="a1",
    rule="tamper",
    subject="dev-000",
    level=AlertLevel.WARNING,
    observed_at=at(0),
    opened_at=at(0),
)
POLICY = Policy(check({"site": {"name": "goto"}}))


def asked(id_: str, kind: str = RequestKind.ACKNOWLEDGE, alert: str = "a1") -> Request:
    return Request(
        id=id_, kind=kind, by="森", organisation="長崎県", created_ms=1, alert=alert, text="雨です"
    )


def by_own_rules(tx: Transaction, alert: str, by: str, now: datetime) -> Outcome:
    return acknowledge(tx, alert, by, POLICY, now, "region")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(filled(tmp_path, hours=2)) as opened:
        opened.write_now(lambda tx: tx.alerts.open(ALERT, timedelta(0)))
        yield opened


def answered(
    store: Store, region: FakeRegion, allowed: tuple[str, ...] = ("acknowledge", "message")
) -> dict[str, tuple[str, str]]:
    """Run until the region has an answer to all; (outcome, reason) by id."""
    with listening(region) as url:

        async def act() -> None:
            chosen = settings(url, requests=allowed)
            uplink = make_uplink(store, chosen, acknowledge=by_own_rules)
            async with sending(uplink):
                await until(lambda: uplink.rounds and not region.requests, "answers")

        asyncio.run(act())
    return {str(key[0]): (one.outcome, one.reason) for key, one in region.rows("answers").items()}


def test_an_acknowledgement_is_done_as_by_a_person_of_the_town(store: Store) -> None:
    region = FakeRegion()
    region.requests = [asked("r1")]
    assert answered(store, region) == {"r1": ("done", "")}
    alert = store.write_now(lambda tx: tx.alerts.find("a1"))
    assert alert is not None
    assert (alert.status, alert.through) == (AlertStatus.ACKNOWLEDGED, "region")
    assert alert.acknowledged_by == "長崎県 森"
    assert region.rows("alerts")["a1",].acknowledged_ms is not None


@pytest.mark.parametrize("alert", ["gone", "over"])
def test_what_the_towns_own_rules_refuse_is_refused_with_the_reason(
    store: Store, alert: str
) -> None:
    over = partial(by_own_rules, alert="a1", by="ana", now=LATER)
    store.write_now(lambda tx: over(tx))
    region = FakeRegion()
    region.requests = [asked("r1", alert="a1" if alert == "over" else alert)]
    outcome, reason = answered(store, region)["r1"]
    assert (outcome, "answered or over" in reason) == ("refused", True)


def test_a_town_that_does_not_take_a_kind_says_so(store: Store) -> None:
    region = FakeRegion()
    region.requests = [asked("r1"), asked("r2", RequestKind.MESSAGE)]
    found = answered(store, region, ("message",))
    assert found["r1"][0] == "refused"
    assert found["r2"] == ("done", "")
    [message, _] = store.read_now(lambda r: r.region.requests(10))
    assert "雨です".encode() in message.body
    alert = store.write_now(lambda tx: tx.alerts.find("a1"))
    assert alert is not None
    assert alert.status is AlertStatus.OPEN


def test_a_kind_that_only_a_later_region_knows_is_refused_by_name_and_the_others_go_on(
    store: Store,
) -> None:
    region = FakeRegion()
    region.requests = [asked("r1", "evacuate"), asked("r2", RequestKind.MESSAGE)]
    found = answered(store, region)
    assert found["r1"] == (
        "refused",
        "evacuate: this town takes requests of the kinds: acknowledge, message",
    )
    assert found["r2"] == ("done", "")


def test_an_answer_that_is_lost_is_given_again_and_nothing_is_done_twice(store: Store) -> None:
    region = FakeRegion()
    region.requests = [asked("r1")]
    asked_for: list[int] = []

    def lose(block: Block | None) -> int:
        if block and block.answers and len(asked_for) < 3:
            asked_for.append(1)
            region.requests = [asked("r1")]
            return CUT_AFTER
        return 0

    region.fault = lose
    assert answered(store, region) == {"r1": ("done", "")}
    alert = store.write_now(lambda tx: tx.alerts.find("a1"))
    assert alert is not None
    assert alert.answers == 1
