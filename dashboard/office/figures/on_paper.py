"""The fiscal year on paper: one page with the answer, then the tables; and the cover of the workbook.

Owns what that page says and draws. Figures and tables: `report`; the layout of the page: `paper.answer`.
"""

import math
from datetime import datetime

from dashboard.documents import rate_text, spreadsheet
from dashboard.documents.paper import answer, chart
from dashboard.documents.paper.answer import Answer
from dashboard.documents.paper.drawing import Drawing
from dashboard.documents.paper.pdf import Pdf
from dashboard.documents.sheet_look import Cover
from dashboard.office.figures import report as reports
from dashboard.office.figures.report import YearReport
from dashboard.office.map import compared, paper_map
from gateway.words.catalogue import Translations

NAMED = 12  # traps whose number of captures stands beside their dot
LARGEST = 9.0  # radius of the trap with most captures, in points


def pdf(report: YearReport, words: Translations, site: str, made: datetime) -> bytes:
    """The report as PDF. `made`: local time."""
    document = Pdf(reports.heading(report, words, site), made)
    answer.write(document, _answer(report, words, site, made))
    document.new_page()
    for table in reports.tables(report, words):
        document.table(table, whole=True)
    return document.bytes()


def xlsx(report: YearReport, words: Translations, site: str, made: datetime) -> bytes:
    """The report as a workbook whose cover says the answer."""
    said = _answer(report, words, site, made)
    cover = Cover(
        words("answer.cover"),
        said.title,
        (said.asked, said.sentence, *said.reasons, said.method, said.foot),
        words("answer.contents"),
    )
    return spreadsheet.xlsx_bytes(reports.tables(report, words), cover)


def _answer(report: YearReport, words: Translations, site: str, made: datetime) -> Answer:
    labels, series = reports.month_series(report, words)
    unit = words("figures.cpue_unit")
    said = [
        f"{words(f'figures.{year}')}: {rate_text.told(rate, 'cpue', words)}"
        for year, rate in (("now", report.total.now), ("before", report.total.before))
    ]
    if report.response.untold:
        said.append(reports.unrecorded_text(report, words))
    now, before = reports.period_text(report.span), reports.period_text(report.before)
    return Answer(
        title=reports.heading(report, words, site),
        asked=words("figures.periods", now=now, before=before),
        sentence=compared.plainly(report.change, words),
        reasons=[compared.sentence(report.change, words), *said],
        chart=lambda width, height: chart.rates(labels, series, unit, width, height),
        chart_title=words("figures.plot_months"),
        map=(lambda width, height: _map(report, width, height)) if report.places else None,
        map_title=words("answer.map_captures"),
        method=f"{words('answer.method_captures')} {words('figures.caveat')}",
        foot=words("office.made", at=f"{made:%Y/%m/%d %H:%M}") + " " + words("answer.sources"),
    )


def _map(report: YearReport, width: float, height: float) -> Drawing:
    """The traps, each as large as what it caught."""
    most = max(one.captures for one in report.places)
    marks = [
        paper_map.Mark(
            one.lat,
            one.lon,
            2.5 + (LARGEST - 2.5) * math.sqrt(one.captures / most) if most else 2.5,
            paper_map.DARK if one.captures else paper_map.OPEN,
            f"{one.captures}" if one.captures and i < NAMED else "",
        )
        for i, one in enumerate(report.places)
    ]
    return paper_map.draw(marks, width, height)
