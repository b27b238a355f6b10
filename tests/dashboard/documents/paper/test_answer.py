"""The page with the answer is one page, from one trap to sixty, and says everything."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import cos, sin

import pytest

from dashboard.analysis.rate import cpue
from dashboard.documents import plots
from dashboard.documents.paper import answer, chart
from dashboard.documents.paper.answer import Answer
from dashboard.documents.paper.pdf import Pdf
from dashboard.documents.plots import PlotSeries
from dashboard.office.map import paper_map
from dashboard.office.map.paper_map import Mark
from tests.dashboard import pdf_file

MADE = datetime(2026, 11, 29, tzinfo=UTC)
LABELS = [f"{month}月" for month in (4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3)]
SERIES = [
    PlotSeries("前年度", (cpue(2, 80),) * 12, plots.BEFORE, filled=False),
    PlotSeries("今年度", (cpue(5, 80),) * 12, plots.NOW, filled=True),
]
REASON = (
    "同じ機器どうしの比（後÷前）：0.61倍（95％区間 0.40〜0.92、6台、p = 0.031）。"
    "偶然とは考えにくい変化です。"
)


def asked(traps: int, reasons: Sequence[str]) -> Answer:
    """The page about so many traps, in a spiral."""
    marks = [
        Mark(32.7 + 0.002 * n * cos(n), 128.7 + 0.002 * n * sin(n), 4, paper_map.DARK, f"{n}")
        for n in range(traps)
    ]
    return Answer(
        title="五島市 2026年度 捕獲と努力量（2026/11まで）",
        asked="今年度 2026/04/01–2026/11/29 ／ 前年度の同じ期間 2025/04/01–2025/11/29",
        sentence="同じわなどうしで比べると、わな日あたりの捕獲は前の年より減りました。",
        reasons=reasons,
        chart=lambda width, height: chart.rates(LABELS, SERIES, "件/100わな日", width, height),
        chart_title="月別の捕獲（100わな日あたり、縦線は95％区間、×は努力量10わな日未満）",
        map=lambda width, height: paper_map.draw(marks, width, height),
        map_title="わなの場所と捕獲（●が大きいほど捕獲が多い。数字は捕獲件数、○は捕獲なし）",
        method="数え方：" + "わな日を数え、捕獲を100わな日あたりに直しました。" * 8,
        foot="作成 2026/11/29 おわり",
    )


def written(one: Answer) -> bytes:
    """The document with this page only."""
    document = Pdf("題", MADE)
    answer.write(document, one)
    return document.bytes()


@pytest.mark.parametrize(("traps", "sentences"), [(1, 1), (60, 14)])
def test_the_answer_fits_one_page_with_everything_on_it(traps: int, sentences: int) -> None:
    [page] = pdf_file.pages(written(asked(traps, [REASON] * sentences)))
    for said in ("前の年より減りました", "4月", "3月", "km", "おわり"):
        assert said in page.replace(" ", "")
    assert page.count("同じ機器どうしの比") == sentences


@pytest.mark.long
@pytest.mark.parametrize("traps", range(1, 61))
def test_the_answer_fits_one_page_for_every_number_of_traps(traps: int) -> None:
    assert len(pdf_file.pages(written(asked(traps, [REASON] * 6)))) == 1


def test_control_more_text_than_a_page_holds_is_noticed() -> None:
    assert len(pdf_file.pages(written(asked(1, [REASON] * 90)))) > 1
