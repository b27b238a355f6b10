"""One page with one answer: the sentence, a map, a chart, and the method in plain words.

Owns the layout, which always fits one page of A4: the texts are written first, map and chart share what
is left, and the texts become smaller where too little would be left. Must not know what is asked.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from dashboard.documents.paper.drawing import Drawing
from dashboard.documents.paper.pdf import LINE, MARGIN, Pdf

Draw = Callable[[float, float], Drawing]
"""A drawing of a width and a height."""

TITLE, GAP = 15.0, 8.0
SIZES = ((13.0, 9.5), (12.0, 8.5), (11.0, 7.5), (10.0, 6.5))  # of the answer, of the other texts
LEAST_HEIGHT, MOST_HEIGHT = 170.0, 330.0  # of the drawings


class Answer(Struct, frozen=True, eq=False):
    """What the page says and shows."""

    title: str
    asked: str  # which periods, species, places
    sentence: str  # the answer
    reasons: Sequence[str]
    chart: Draw
    chart_title: str
    method: str
    foot: str
    map: Draw | None = None  # None: no place is known
    map_title: str = ""


def write(paper: Pdf, answer: Answer) -> None:
    """Write the page at the beginning of a document."""
    sizes = next((one for one in SIZES if _fits(paper, answer, one)), SIZES[-1])
    large, small = sizes
    room = paper.room_left - _text_height(paper, answer, sizes)
    height = max(min(room, MOST_HEIGHT), 60.0)
    paper.text(answer.title, TITLE)
    paper.text(answer.asked, small)
    paper.y += GAP
    paper.text(answer.sentence, large)
    for reason in answer.reasons:
        paper.text(reason, small)
    paper.y += GAP
    _drawings(paper, answer, height - small * LINE, small)
    paper.y += GAP
    paper.text(answer.method, small)
    paper.text(answer.foot, small)


def _fits(paper: Pdf, answer: Answer, sizes: tuple[float, float]) -> bool:
    return paper.room_left - _text_height(paper, answer, sizes) >= LEAST_HEIGHT


def _text_height(paper: Pdf, answer: Answer, sizes: tuple[float, float]) -> float:
    large, small = sizes
    texts = [(answer.title, TITLE), (answer.sentence, large)]
    texts += [(one, small) for one in (answer.asked, *answer.reasons, answer.method, answer.foot)]
    return sum(len(paper.lines(text, size)) * size * LINE for text, size in texts) + 4 * GAP


def _drawings(paper: Pdf, answer: Answer, height: float, size: float) -> None:
    """The map on the left and the chart on the right, each under its title."""
    whole, top = paper.width - 2 * MARGIN, paper.y
    half = (whole - 12) / 2
    columns = [(answer.map_title, answer.map)] if answer.map else []
    columns.append((answer.chart_title, answer.chart))
    width = half if len(columns) == 2 else whole
    for i, (title, draw) in enumerate(columns):
        x = MARGIN + i * (half + 12)
        paper.y = top
        lines = paper.lines(title, size, paper.width - MARGIN - width)
        for n, line in enumerate(lines[:3], start=1):
            paper.line_at(line, x, top + n * size * LINE, size, width)
        paper.y = top + size * LINE * min(len(lines), 3)
        paper.drawing(draw(width, height - (paper.y - top) - MARGIN / 4), x)
    paper.y = top + height
