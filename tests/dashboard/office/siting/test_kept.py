"""A kept plan is compared with what was caught at its sites afterwards."""

import html
import json
import re
from datetime import timedelta

import msgspec
import numpy as np
import pytest

from dashboard.analysis.siting import counted
from dashboard.office.land_files import OfficeLand
from dashboard.office.map import drawing
from dashboard.office.siting import comparison, kept_record, planning
from dashboard.office.siting.comparison import SetTrap
from gateway import app as service
from gateway.domain.model import Device, Role
from gateway.domain.traps.trap_plan import PlannedSite, PlanRecord, TrapPlan
from tests.dashboard.client import Client
from tests.dashboard.office.conftest import Get
from tests.dashboard.office.county import NOW, County, caught, watched
from tests.dashboard.office.siting.test_sites import QUERY
from tests.support.samples import TOKYO

SITES = (PlannedSite(32.66, 128.74, 3.0), PlannedSite(32.67, 128.75, 2.0))
RECORD = PlanRecord(
    id="ab" * 8, species="boar", nights=60, low=1, high=11, relative_sd=0.4, sites=SITES
)
PLAN = TrapPlan(record=RECORD, made_at=NOW - timedelta(days=30), made_by="役場")


def near(site: int, nights: float, captures: int) -> SetTrap:
    return SetTrap(f"w{site}", SITES[site].lat + 0.0005, SITES[site].lon, nights, captures)


def test_the_expectation_is_scaled_to_the_nights_that_were_set() -> None:
    found = comparison.compared(PLAN, [near(0, 30, 1), near(1, 60, 2)])
    assert found.expected == pytest.approx(3.0 / 2 + 2.0)
    assert (found.nights, found.captures) == (90, 3)
    assert found.verdict == "within"
    assert found.low <= 3 <= found.high


def test_far_too_many_or_none_at_all_is_said() -> None:
    assert comparison.compared(PLAN, [near(0, 600, 0), near(1, 600, 0)]).verdict == "fewer"
    assert comparison.compared(PLAN, [near(0, 60, 40)]).verdict == "more"
    assert comparison.compared(PLAN, []).verdict == "unset"


def test_a_trap_stands_for_one_site_only_and_none_from_afar() -> None:
    far = SetTrap("far", SITES[0].lat + 0.01, SITES[0].lon, 60, 9)
    assert comparison.compared(PLAN, [far]).verdict == "unset"
    close = msgspec.structs.replace(PLAN.record, sites=(SITES[0], SITES[0]))
    twin = msgspec.structs.replace(PLAN, record=close)
    found = comparison.compared(twin, [near(0, 60, 5)])
    assert [one.trap is not None for one in found.sites].count(True) == 1
    assert found.captures == 5


@pytest.mark.parametrize(("mean", "relative_sd"), [(4.0, 0.0), (4.0, 0.5), (30.0, 0.3)])
def test_limits_hold_ninety_five_of_a_hundred_counts(mean: float, relative_sd: float) -> None:
    rng = np.random.default_rng(5)
    shape = 1 / max(relative_sd, 1e-3) ** 2
    drawn = rng.poisson(rng.gamma(shape, mean / shape, 40_000))
    low, high = counted.limits(mean, relative_sd)
    inside = float(((drawn >= low) & (drawn <= high)).mean())
    assert 0.945 <= inside <= 0.99
    narrow = float(((drawn >= low + 1) & (drawn <= high - 1)).mean())
    assert narrow < 0.95  # control: limits closer by one would not hold


def test_an_official_keeps_a_plan_once_however_often_it_is_sent(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    form = {"plan": msgspec.json.encode(RECORD).decode()}
    for _ in range(2):
        assert readers["official"].post("/trap-plans", form).status_code == 303
    [plan] = gateway.store.read_now(lambda reader: reader.trap_plans.newest())
    assert (plan.record, plan.made_by) == (RECORD, "a-official")


@pytest.mark.parametrize(
    "changed",
    [{"nights": 0}, {"id": "../x"}, {"sites": []}, {"low": -1}, {"more": 1}, {"species": "x" * 65}],
)
def test_a_plan_that_no_page_makes_is_refused(
    readers: dict[str, Client], changed: dict[str, object]
) -> None:
    plan = json.loads(msgspec.json.encode(RECORD)) | changed
    assert readers["official"].post("/trap-plans", {"plan": json.dumps(plan)}).status_code == 400


def test_captures_at_traps_beside_the_sites_are_shown_with_what_was_expected(
    county: County, get: Get
) -> None:
    page = get(f"/officials/sites?{QUERY}")[1].decode()
    lat, lon = map(float, re.findall(r"<small>([\d.]+), ([\d.]+)</small>", page)[0])
    site = PlannedSite(lat, lon, 6.0)
    plan = msgspec.structs.replace(PLAN, record=msgspec.structs.replace(RECORD, sites=(site,)))
    trap = Device(id="trap-new", role=Role.TRAP, name="新しいわな", lat=lat, lon=lon)
    county.store.write_now(lambda tx: tx.put_device(trap))
    county.store.write_now(lambda tx: tx.trap_plans.add(plan))
    watched(county.store, "trap-new", NOW - timedelta(days=20), 480, armed=True)
    caught(county.store, "trap-new", NOW - timedelta(days=3), species="boar")
    caught(county.store, "trap-new", NOW - timedelta(days=2), species="deer")  # control
    shown = html.unescape(get("/officials/sites/kept")[1].decode())
    assert "20.0わな日で捕獲1頭。同じわな日での見込みは2.00頭" in shown
    assert "見込みの範囲内" in shown
    body = get(f"/officials/sites/kept/{RECORD.id}.csv")[1].decode("utf-8-sig")
    assert "新しいわな,0,20.0,1,2.0" in body
    assert get("/officials/sites/kept/unknown.csv")[0] == 404


def test_the_page_hands_over_a_plan_that_can_be_kept(county: County) -> None:
    asked = {"month": "2026-10", "months": "3", "species": "boar", "count": "3"}
    query = county.store.read_now(lambda reader: planning.read(reader, asked, TOKYO, NOW))
    limits = drawing.map_limits([query.map_input], None)
    plan = planning.plan(query, OfficeLand(), limits)
    assert not isinstance(plan, str)
    found = msgspec.json.decode(kept_record.record(plan, query, NOW), type=PlanRecord)
    assert len(found.sites) == 3
    assert found.expected == pytest.approx(plan.expected.mean, rel=0.01)
    assert found.low <= found.expected <= found.high
    again = msgspec.json.decode(kept_record.record(plan, query, NOW), type=PlanRecord)
    assert again.id == found.id
