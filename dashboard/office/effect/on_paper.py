"""The answer whether the traps worked on paper: one page, then the tables.

Owns what that page says and draws. Sentences and tables: `report`; the layout of the page: `paper.answer`.
"""

from collections.abc import Iterable
from datetime import datetime

from dashboard.documents import plots
from dashboard.documents.paper import answer, chart
from dashboard.documents.paper.answer import Answer
from dashboard.documents.paper.drawing import Colour
from dashboard.documents.paper.pdf import Pdf
from dashboard.documents.plots import PlotSeries
from dashboard.office.effect import report
from dashboard.office.effect.comparison import Comparison
from dashboard.office.effect.facts import Facts
from dashboard.office.map import paper_map
from dashboard.office.map.paper_map import Mark
from dashboard.office.periods import LocalDays
from gateway.domain.species import label
from gateway.words.catalogue import Translations

TRAP_RADIUS, SENSOR_RADIUS = 3.0, 4.0


def pdf(facts: Facts, found: Comparison, words: Translations, site: str, made: datetime) -> bytes:
    """The answer as PDF. `made`: local time."""
    title = _title(facts, words, site)
    document = Pdf(title, made)
    answer.write(document, _answer(facts, found, words, title, made))
    document.new_page()
    for table in report.tables(found, words):
        document.table(table, whole=True)
    document.text(f"{words('effect.caveat')} {words('office.caveat')}", 8)
    return document.bytes()


def _title(facts: Facts, words: Translations, site: str) -> str:
    counted, area = facts.question.counted, facts.question.area
    animal = words("office.all") if counted is None else label(counted, words.language)
    return " ".join(one for one in (site, words("effect.title"), animal, area) if one)


def _answer(
    facts: Facts, found: Comparison, words: Translations, title: str, made: datetime
) -> Answer:
    marks, question = _marks(facts, found), facts.question
    labels = [words("effect.near"), words("effect.far")]
    series = _series(found, words)
    unit = words("answer.camera_unit")
    return Answer(
        title=title,
        asked=words("effect.periods", before=_days(found.before), after=_days(found.after)),
        sentence=report.headline(found, words),
        reasons=[
            *report.wanted(found, question, words),
            report.groups_text(found, question, words),
        ],
        chart=lambda width, height: chart.rates(labels, series, unit, width, height),
        chart_title=words("answer.chart_effect"),
        map=(lambda width, height: paper_map.draw(marks, width, height)) if marks else None,
        map_title=words("answer.map_effect"),
        method=f"{words('answer.method_effect')} {words('effect.caveat')}",
        foot=words("office.made", at=f"{made:%Y/%m/%d %H:%M}") + " " + words("answer.sources"),
    )


def _series(found: Comparison, words: Translations) -> list[PlotSeries]:
    before = (found.near.before, found.far.before)
    after = (found.near.after, found.far.after)
    return [
        PlotSeries(words("effect.before"), before, plots.BEFORE, filled=False),
        PlotSeries(words("effect.after"), after, plots.NOW, filled=True),
    ]


def _marks(facts: Facts, found: Comparison) -> list[Mark]:
    groups = found.groups
    return [
        *_dots(facts, groups.far, SENSOR_RADIUS, paper_map.OPEN),
        *_dots(facts, groups.near, SENSOR_RADIUS, paper_map.MIDDLE),
        *_dots(facts, groups.traps, TRAP_RADIUS, paper_map.DARK),
    ]


def _dots(facts: Facts, ids: Iterable[str], radius: float, fill: Colour) -> list[Mark]:
    return [
        Mark(one.lat, one.lon, radius, fill)
        for id_ in ids
        if (one := facts.devices[id_]).lat is not None and one.lon is not None
    ]


def _days(span: LocalDays) -> str:
    return f"{span.start:%Y/%m/%d}–{span.last:%Y/%m/%d}"
