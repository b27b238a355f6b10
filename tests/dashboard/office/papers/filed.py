"""Captures of a season as the office files them: four records, one confirmed, one refused."""

from datetime import UTC, date, datetime
from typing import Any

from dashboard.office.papers import claims as claims_module
from dashboard.office.papers.captures import captures
from dashboard.office.papers.claims import Claim
from dashboard.office.papers.evidence import Evidence
from gateway.config import check
from gateway.config.office import Paperwork
from gateway.domain.model import ActionKind, Device, Role, TrapAction
from gateway.domain.traps.capture_check import CaptureCheck, CheckResult, CheckWay
from tests.support.samples import TOKYO

SETTINGS: dict[str, Any] = {
    "permit": "第12号",
    "asks": ["capture_kind", "body_part", "disposal"],
    "fields": [{"key": "teeth", "ja": "歯"}],
    "tariff": [
        {"species": "boar", "yen": 1000, "since": date(2026, 4, 1), "until": date(2026, 9, 30)},
        {"species": "boar", "yen": 2000, "since": date(2026, 10, 1)},
        {"species": "boar", "age": "adult", "yen": 9000, "since": date(2026, 4, 1)},
    ],
    "terms": [{"permit": "第12号", "since": date(2026, 4, 1), "until": date(2027, 3, 31)}],
}
PAPERWORK: Paperwork = check({"paperwork": SETTINGS}).paperwork
TRAP = Device(
    id="trap-1",
    role=Role.TRAP,
    name="沢のわな",
    lat=32.664,
    lon=128.751,
    area="岐宿",
    trap_type="box",
)


def act(no: int, day: int, month: int = 10, **facts: Any) -> TrapAction:
    """One record, at six in the evening in Japan."""
    at = datetime(2026, month, day, 9, tzinfo=UTC)
    values: dict[str, Any] = {
        "species": "boar",
        "sex": "male",
        "age": "adult",
        "by": "山田",
    } | facts
    return TrapAction(
        id=f"act-{no}",
        device=TRAP.id,
        deed=ActionKind.CAPTURED,
        at=at,
        recorded_at=at,
        **values,
    )


ACTS = (
    act(1, 30, month=9, age="young", count=2, weight_kg=12.5),
    act(2, 6, fields={"body_part": "尾", "disposal": "埋設", "teeth": "多い"}),
    act(3, 6, by="=1+1", sex=None, age=None, species="deer"),
    act(4, 7),
    act(5, 8, age="unknown"),
)
CHECKS = {
    "act-2": CaptureCheck(
        id="c-2",
        capture="act-2",
        result=CheckResult.CONFIRMED,
        confirmer="役場 花子",
        way=CheckWay.BROUGHT,
        day=date(2026, 10, 7),
        facts={"capture_kind": "有害鳥獣捕獲", "permit": "第99号"},
        by="hanako",
        recorded_at=datetime(2026, 10, 7, tzinfo=UTC),
    ),
    "act-4": CaptureCheck(
        id="c-4",
        capture="act-4",
        result=CheckResult.REFUSED,
        reason="同じ個体",
        by="hanako",
        recorded_at=datetime(2026, 10, 8, tzinfo=UTC),
    ),
}


def filed(photos: dict[str, tuple[Evidence, ...]] | None = None) -> list[Claim]:
    """The claims."""
    given = photos or {}
    found = captures(ACTS, {TRAP.id: TRAP}, lambda one: given.get(one.id, ()), TOKYO)
    return claims_module.claims(found, CHECKS, PAPERWORK)
