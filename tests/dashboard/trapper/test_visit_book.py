"""The month's book: its PDF, read back, is what people recorded; a report of a sensor is no visit."""

import csv
import io
import itertools
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from starlette.applications import Starlette

from dashboard.trapper.visit_book.pages import VisitBookPages
from dashboard.web.responses import Reply
from gateway.alerts.policy import Policy
from gateway.config import check
from gateway.domain.geo.local_plane import from_metres
from gateway.domain.model import ActionKind, Device, Kind, Position, Role, TrapAction
from gateway.domain.people.person import Person, UserRole
from gateway.domain.traps.corrections import counting
from gateway.ingest.people import actions
from tests.dashboard.place import Place, reading
from tests.dashboard.trapper.test_trap_page import As
from tests.support.asgi import Answer, Phone
from tests.support.servers import need

TOKYO = ZoneInfo("Asia/Tokyo")
TRAPS = tuple(
    Device(
        id=f"t-{n}", role=Role.TRAP, name=f"奥の沢{n}号", area="奥", lat=32.7, lon=128.7 + n / 100
    )
    for n in (1, 2, 3)
)
FAR = Device(id="far", role=Role.TRAP, name="前の尾根", area="前", lat=32.6, lon=128.6)
DEEDS = {ActionKind.VISITED: "見回りした", ActionKind.FALSE_SPRING: "空はじき"}
WAYS = {"gps": "位置", "tap": "手で記録", "one-tap": "手で記録（通知のリンク）"}
NUMBERS = itertools.count()
NOTE = "センサーの通知（遠隔確認）は見回りではありません"


def at(day: int, hour: int = 7, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=TOKYO)


class Office(Place):
    """Three traps of one area and one of another, with sensors that report."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.now = at(28, 20)
        self.config = check(
            {
                "site": {"title": "五島市"},
                "store": {"path": str(self.store.path)},
                "overrides": [{"devices": ["t-3"], "limits": {"visit_every_days": 2}}],
            }
        )
        self.policy = Policy(self.config, people={})
        self.store.write_now(lambda tx: tx.put_devices((*TRAPS, FAR)))
        self.hear(*(reading(one.id, Kind.SET, at(1, 6)) for one in TRAPS))
        self.hear(
            *(reading(one.id, Kind.HEARTBEAT, at(day, 3)) for one in TRAPS for day in range(2, 20))
        )

    def record(self, act: TrapAction) -> None:
        self.store.write_now(lambda tx: actions.record(tx, act, self.policy, act.recorded_at))

    def ask(self, path: str, role: UserRole = UserRole.OFFICIAL, *, area: str = "") -> Answer:
        person = Person(name="x", role=role, places=(area,) if area else ())
        pages = VisitBookPages(self.store, Reply(self.config), self.config, self.clock)
        return Phone(As(Starlette(routes=pages.routes()), person)).get(path)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.store.close()


def visit(
    trap: Device, when: datetime, by: str = "tanaka", through: str = "tap", **more: object
) -> TrapAction:
    values = {
        "deed": ActionKind.VISITED,
        "recorded_at": when,
        "id": f"act-{next(NUMBERS)}",
        **more,
    }
    return TrapAction(device=trap.id, at=when, by=by, through=through, **values)  # type: ignore[arg-type]


def pdf_lines(pdf: bytes) -> dict[str, list[str]]:
    """By trap: the lines of its days as poppler reads them, without spaces."""
    program = need(shutil.which("pdftotext"), "pdftotext")
    told = subprocess.run(
        [program, "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    )
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in told.stdout.decode().splitlines():
        text = re.sub(r"\s", "", line).replace("\f", "")
        if name := next(
            (one.name for one in (*TRAPS, FAR) if text == f"{one.area}{one.name}"), None
        ):
            current = found[name] = []
        elif text and not text.startswith(("日区分", "見回り", "五島")):
            current.append(text)
    return found


def written(trap: Device, acts: list[TrapAction]) -> list[str]:
    """What a book must say of a trap's November, from its actions alone."""
    ids = {one.id for one in counting(acts)}
    lines: list[str] = []
    last: int | None = None
    for day in range(1, 29):
        mine = sorted(
            (a for a in acts if not a.is_undo and a.at.astimezone(TOKYO).day == day),
            key=lambda one: (one.at, one.recorded_at, one.id),
        )
        valid = [one for one in mine if one.id in ids]
        gone = [one for one in mine if one.id not in ids]
        interval = 2 if trap.id == "t-3" else 1
        if valid:
            kind, last = "見回り", day
        elif day == 1:
            kind = "対象外（設置前・初日）"
        elif last is not None and day - last < interval:
            kind = "対象外（間隔内）"
        elif day == 28:
            kind = "本日未了"
        else:
            kind = "遠隔確認のみ（見回りなし）" if day < 20 else "見回りなし"
        texts = [told(one) for one in valid] + [replaced(one, acts) for one in gone]
        weekday = "月火水木金土日"[at(day).weekday()]
        lines += [f"11/{day}{weekday}{kind}{texts[0] if texts else ''}", *texts[1:]]
    return lines


def told(act: TrapAction) -> str:
    local = act.at.astimezone(TOKYO)
    way = WAYS[act.through]
    if act.position is not None:
        east = (act.position.lon - 128.7 - int(act.device[-1]) / 100) * 111_320 * 0.84151
        way += f"{abs(east):.0f}m(±{act.position.accuracy_m:.0f})"
    remark = "訂正あり" if act.replaces else ""
    if act.recorded_at - act.at >= timedelta(hours=1):
        late = act.recorded_at.astimezone(TOKYO)
        remark += ("、" if remark else "") + f"{late.month}/{late.day}{late:%H:%M}に記録"
    return f"{local:%H:%M}{act.by}{DEEDS[act.deed]}{way}{remark}"


def replaced(act: TrapAction, acts: list[TrapAction]) -> str:
    after = next(one for one in acts if one.replaces == act.id)
    what = f"{act.at.astimezone(TOKYO):%H:%M}{act.by}{DEEDS[act.deed]}"
    moment = (after.recorded_at if after.is_undo else after.at).astimezone(TOKYO)
    time = f"{moment.month}/{moment.day}{moment:%H:%M}"
    if after.is_undo:
        return f"取消：{what}（{after.by}{time}）"
    return f"訂正前：{what}（{after.by}が{time}に訂正）"


def a_month(office: Office, seed: int) -> list[TrapAction]:
    """What people did in a month: visits by place, by tap, from a link; late ones, corrections, undo."""
    chance = random.Random(seed)
    acts: list[TrapAction] = []
    for trap in TRAPS:
        for day in range(2, 28):
            for _ in range(chance.choice([0, 1, 1, 1, 2])):
                when = at(day, chance.randrange(5, 17), chance.randrange(60))
                by, through = chance.choice(["tanaka", "佐藤"]), chance.choice([*WAYS])
                late = timedelta(hours=chance.choice([0, 0, 0, 3]))
                act = visit(trap, when, by, through, recorded_at=when + late)
                if through == "gps":
                    metres = float(chance.randrange(1, 40))
                    lat, lon = from_metres(metres, 0.0, 32.7, 128.7 + int(trap.id[-1]) / 100)
                    act = visit(
                        trap,
                        when,
                        by,
                        through,
                        recorded_at=when + late,
                        position=Position(lat, lon, float(chance.randrange(3, 30))),
                    )
                acts.append(act)
    for act in chance.sample(acts, 9):
        soon = act.recorded_at + timedelta(seconds=20)
        if chance.random() < 0.4:
            more = {"id": f"u-{act.id}", "replaces": act.id, "is_undo": True, "recorded_at": soon}
            acts.append(visit(TRAPS[int(act.device[-1]) - 1], soon, act.by, "tap", **more))
        else:
            moved = act.at - timedelta(minutes=chance.randrange(10, 600))
            more = {"id": f"c-{act.id}", "replaces": act.id, "recorded_at": soon}
            acts.append(visit(TRAPS[int(act.device[-1]) - 1], moved, "office", "tap", **more))
    acts.sort(key=lambda one: one.recorded_at)
    for act in acts:
        office.record(act)
    return office.store.read_now(lambda reader: reader.acts(limit=10_000))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_months_pdf_equals_the_acts(office: Office, seed: int) -> None:
    acts = a_month(office, seed)
    answer = office.ask("/visits/book.pdf?month=2026-11")
    assert answer.headers["content-type"] == "application/pdf"
    lines = pdf_lines(answer.content)
    for trap in TRAPS:
        mine = [one for one in acts if one.device == trap.id]
        assert "".join(lines[trap.name]) == "".join(written(trap, mine))
    assert sum(len(one) for one in lines.values()) > 84
    assert "…" not in str(lines), "nothing is cut"


def test_control_a_book_without_one_visit_is_another_one(office: Office) -> None:
    acts = a_month(office, 1)
    lines = pdf_lines(office.ask("/visits/book.pdf?month=2026-11").content)
    mine = [one for one in acts if one.device == "t-1"]
    for left_out in counting(mine)[:5]:
        fewer = [one for one in mine if one.id != left_out.id and one.replaces != left_out.id]
        assert "".join(lines[TRAPS[0].name]) != "".join(written(TRAPS[0], fewer))


def test_page_paper_and_sheet_say_that_a_report_is_no_visit_and_claim_nothing(
    office: Office,
) -> None:
    page = office.ask("/visits?month=2026-11").text
    assert NOTE in page
    assert "満たすことを示すものではありません" in page
    english = office.ask("/visits?month=2026-11&lang=en").text
    assert "a remote check) is not a walked visit" in english
    program = need(shutil.which("pdftotext"), "pdftotext")
    pdf = office.ask("/visits/book.pdf?month=2026-11").content
    told = subprocess.run([program, "-", "-"], input=pdf, capture_output=True, check=True)
    assert NOTE in re.sub(r"\s", "", told.stdout.decode())
    sheet = office.ask("/visits/book.csv?month=2026-11").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(sheet)))
    assert {one["区分"] for one in rows if one["区分コード"] == "remote"} == {
        "遠隔確認のみ（見回りなし）"
    }


def test_the_sheet_has_one_row_for_each_trap_and_day(office: Office) -> None:
    office.record(visit(TRAPS[0], at(3), "=cmd()", "tap"))
    office.record(visit(TRAPS[0], at(3, 16), "sato", "one-tap"))
    sheet = office.ask("/visits/book.csv?month=2026-11").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(sheet)))
    assert len(rows) == 4 * 28
    assert len({(one["わなの番号"], one["日"]) for one in rows}) == len(rows)
    [row] = [one for one in rows if one["わなの番号"] == "t-1" and one["日"] == "2026-11-03"]
    assert (row["区分コード"], row["回数"], row["時刻"]) == ("walked", "2", "07:00、16:00")
    assert row["人"] == "'=cmd()、sato", "no spreadsheet reads a name as a formula"


@pytest.mark.parametrize("path", ["/visits", "/visits/book.pdf", "/visits/book.csv"])
def test_a_trapper_reads_the_book_of_their_own_traps(office: Office, path: str) -> None:
    own = office.ask(f"{path}?month=2026-11", UserRole.TRAPPER, area="奥")
    other = office.ask(f"{path}?month=2026-11", UserRole.TRAPPER, area="前")
    asked = office.ask(f"{path}?month=2026-11&trap=far", UserRole.TRAPPER, area="奥")
    if path.endswith("pdf"):
        assert set(pdf_lines(own.content)) == {one.name for one in TRAPS}
        assert set(pdf_lines(other.content)) == {FAR.name}
        assert pdf_lines(asked.content) == {}
        return
    assert TRAPS[0].name in own.text
    assert FAR.name not in own.text
    assert (FAR.name in other.text, TRAPS[0].name in other.text) == (True, False)
    assert FAR.name not in asked.text


def test_no_place_stands_in_the_book(office: Office) -> None:
    place = Position(*from_metres(12.0, 0.0, 32.7, 128.71), 5.0)
    office.record(visit(TRAPS[0], at(3), through="gps", position=place))
    for path in ("/visits", "/visits/book.csv"):
        text = office.ask(f"{path}?month=2026-11").text
        assert "12 m (±5)" in text
        assert "32.7" not in text
        assert "128.7" not in text


@pytest.mark.parametrize("month", ["2026-13", "11", "x" * 50, "2026-11-01", "1999-01"])
def test_a_month_that_is_none_is_refused(office: Office, month: str) -> None:
    assert office.ask(f"/visits?month={month}").status_code == 400
