"""The rows of a book in words, for the page, for paper and for a spreadsheet. PURE.

Owns how a day, a visit and a correction are written. Must not count or judge.
"""

from datetime import date, datetime, tzinfo

from msgspec import Struct

from dashboard.documents.table import Cell, Table
from dashboard.trapper.patrol.nearness import nearness
from dashboard.trapper.visit_book.book import Book, TrapMonth
from gateway.domain.model import TrapAction
from gateway.domain.traps.visit_days import DayKind, VisitDay, successor
from gateway.words.catalogue import Translations

EXCEPTIONS = (DayKind.NOT_DUE, DayKind.REST, DayKind.UNWATCHED, DayKind.NOT_YET, DayKind.OPEN)
SHEET = (
    "date",
    "trap_id",
    "trap",
    "area",
    "kind",
    "result",
    "visits",
    "time",
    "person",
    "deed",
    "confirmed",
    "remark",
    "former",
)
LATE_S = 3600.0  # recorded so long after it was done: the book says when
THROUGH = {"gps": "gps", "tap": "tap", "page": "page", "phone": "phone", "one-tap": "link"}


class Pen(Struct, frozen=True):
    """Words and times of one reader's book."""

    words: Translations
    zone: tzinfo

    def kind(self, day: VisitDay) -> str:
        """What the day was."""
        return self.words(f"visits.kind.{day.kind.value}")

    def time(self, act: TrapAction) -> str:
        """When it was done, that day."""
        return f"{act.at.astimezone(self.zone):%H:%M}"

    def moment(self, at: datetime) -> str:
        """A day and a time."""
        local = at.astimezone(self.zone)
        return f"{local.month}/{local.day} {local:%H:%M}"

    def deed(self, act: TrapAction) -> str:
        """What was recorded."""
        return self.words(f"action.{act.deed.value}")

    def confirmed(self, act: TrapAction, day: VisitDay) -> str:
        """How it is confirmed that somebody was there, with the distance where the phone told its place."""
        word = THROUGH.get(act.through)
        way = (
            self.words(f"visits.through.{word}")
            if word
            else act.through or self.words("visits.other")
        )
        found = nearness(act.position, day.device)
        if found is None:
            return way
        return f"{way} {found.distance_m:.0f} m (±{found.accuracy_m:.0f})"

    def remark(self, act: TrapAction) -> str:
        """That it corrects something, or was recorded long after."""
        parts = [self.words("visits.corrects")] if act.replaces else []
        if (act.recorded_at - act.at).total_seconds() >= LATE_S:
            parts.append(self.words("visits.late", time=self.moment(act.recorded_at)))
        return self.words("visits.and").join(parts)

    def former(self, act: TrapAction, month: TrapMonth) -> str:
        """What was recorded and no longer counts, and what became of it."""
        what = f"{self.time(act)} {act.by} {self.deed(act)}"
        after = successor(month.record.acts, act)
        if after is None:
            return what
        word = "visits.taken_back" if after.is_undo else "visits.corrected"
        then = self.moment(after.recorded_at if after.is_undo else after.at)
        return self.words(word, what=what, by=after.by, time=then)


def day_lines(pen: Pen, month: TrapMonth, day: VisitDay) -> list[tuple[str, ...]]:
    """The lines of one day: the first with the day and what it was; more for more visits and corrections."""
    visits = [
        (pen.time(one), one.by, pen.deed(one), pen.confirmed(one, day), pen.remark(one))
        for one in day.visits
    ]
    gone = [("", "", "", "", pen.former(one, month)) for one in day.former]
    lines = [*visits, *gone] or [("", "", "", "", "")]
    heads = [(_date(day.day, pen.words), pen.kind(day)), *[("", "")] * (len(lines) - 1)]
    return [(*head, *line) for head, line in zip(heads, lines, strict=True)]


def trap_table(pen: Pen, month: TrapMonth) -> Table:
    """One trap's month, for paper and for the page."""
    device = month.record.device
    title = " ".join(one for one in (device.area, device.label) if one)
    rows = [line for day in month.days for line in day_lines(pen, month, day)]
    return Table(title, _columns(pen.words), tuple(rows), counts(pen.words, month))


def summary(pen: Pen, book: Book) -> Table:
    """One line a trap: how many days of which kind."""
    words = pen.words
    columns = ("trap", "area", "walked", "remote", "missed", "exceptions")
    rows = [
        (
            one.record.device.label,
            one.record.device.area,
            one.count(DayKind.WALKED),
            one.count(DayKind.REMOTE),
            one.count(DayKind.MISSED),
            one.count(*EXCEPTIONS),
        )
        for one in book.traps
    ]
    head = tuple(words(f"visits.column.{name}") for name in columns)
    return Table(words("visits.summary"), head, tuple(rows))


def sheet(pen: Pen, book: Book) -> Table:
    """One row for each trap and day, for a spreadsheet."""
    head = tuple(pen.words(f"visits.column.{name}") for name in SHEET)
    rows = [_sheet_row(pen, month, day) for month in book.traps for day in month.days]
    return Table(pen.words("visits.title"), head, tuple(rows))


def _sheet_row(pen: Pen, month: TrapMonth, day: VisitDay) -> tuple[Cell, ...]:
    device, acts, joined = day.device, day.visits, pen.words("visits.and").join
    return (
        day.day.isoformat(),
        device.id,
        device.label,
        device.area,
        day.kind.value,
        pen.kind(day),
        len(acts),
        joined(pen.time(one) for one in acts),
        joined(one.by for one in acts),
        joined(pen.deed(one) for one in acts),
        joined(pen.confirmed(one, day) for one in acts),
        joined(text for one in acts if (text := pen.remark(one))),
        joined(pen.former(one, month) for one in day.former),
    )


def counts(words: Translations, month: TrapMonth) -> str:
    """The month in one sentence."""
    return words(
        "visits.counts",
        walked=month.count(DayKind.WALKED),
        remote=month.count(DayKind.REMOTE),
        missed=month.count(DayKind.MISSED),
        exceptions=month.count(*EXCEPTIONS),
    )


def _columns(words: Translations) -> tuple[str, ...]:
    names = ("date", "result", "time", "person", "deed", "confirmed", "remark")
    return tuple(words(f"visits.column.{name}") for name in names)


def _date(day: date, words: Translations) -> str:
    weekday = words("visits.weekdays").split()[day.weekday()]
    return f"{day.month}/{day.day} {weekday}"
