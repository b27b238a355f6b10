"""The contact sheet: every photo of the captures of a period, small, with date, place and marking, on A4.

Owns the layout: six photos a page. A photo that is missing or damaged has a frame that says so. What is
written under a photo is the record; whether the photo shows it is judged by whoever looks.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

from dashboard.documents.paper.drawing import Drawing
from dashboard.documents.paper.pdf import MARGIN, Pdf
from dashboard.office.papers import capture_columns, thumbnails
from dashboard.office.papers.claims import Claim
from dashboard.office.papers.evidence import Evidence
from dashboard.office.papers.photos import PhotoError
from gateway.config.office import Paperwork
from gateway.words.catalogue import Translations
from gateway.words.japanese_era import day_text

COLUMNS, ROWS = 2, 3
SIZE = 7.5
TEXT_LINES = 5
LINE = 1.35 * SIZE
SHA_SHOWN = 16  # letters of the SHA-256 that tell two photos apart on paper


def pdf(
    claims: Sequence[Claim],
    settings: Paperwork,
    words: Translations,
    zone: tzinfo,
    title: str,
    made: datetime,
) -> bytes:
    """The sheet as PDF."""
    document = Pdf(title, made)
    width = (document.width - 2 * MARGIN - 12) / COLUMNS
    height = (document.height - 2 * MARGIN - 30) / ROWS
    document.text(title, 13)
    top, place = document.y + 6, 0
    for claim, photo in _photos(claims):
        if place == COLUMNS * ROWS:
            document.new_page()
            document.text(title, 13)
            place = 0
        x = MARGIN + (place % COLUMNS) * (width + 12)
        y = top + (place // COLUMNS) * height
        lines = _lines(claim, photo, settings, words, zone)
        _cell(document, photo, lines, (x, y, width, height), words)
        place += 1
    if not claims:
        document.text(words("papers.recorded", n=0))
    return document.bytes()


def _photos(claims: Sequence[Claim]) -> Iterator[tuple[Claim, Evidence | None]]:
    """Each photo with its capture; a capture without a photo once, with None."""
    for claim in claims:
        for photo in claim.capture.photos or (None,):
            yield claim, photo


def _cell(
    document: Pdf,
    photo: Evidence | None,
    lines: Sequence[str],
    box: tuple[float, float, float, float],
    words: Translations,
) -> None:
    x, y, width, height = box
    room = height - TEXT_LINES * LINE - 10
    try:
        picture = _small(photo, words)
    except PhotoError as error:
        frame = Drawing(width, room)
        frame.label((width / 2, room / 2), str(error)[:40], SIZE, "middle")
        frame.frame()
        document.y = y - MARGIN / 4
        document.drawing(frame, x)
    else:
        document.picture(picture, x, y, width, room, lines[0])
    for n, line in enumerate(lines, start=1):
        document.line_at(line, x, y + room + n * LINE, SIZE, width)


def _small(photo: Evidence | None, words: Translations) -> bytes:
    if photo is None:
        raise PhotoError(words("papers.no_photo"))
    data = photo.data()
    if data is None:
        raise PhotoError(words("papers.photo_lost" if photo.path else "papers.photo_awaited"))
    return thumbnails.small(data)


def _lines(
    claim: Claim, photo: Evidence | None, settings: Paperwork, words: Translations, zone: tzinfo
) -> list[str]:
    """What stands under a photo."""
    cells = capture_columns.cells_of(claim, settings, words, zone, {})
    local = claim.capture.action.at.astimezone(zone)
    animal = [cells["species"], cells["sex"], cells["age"], cells["body_part"]]
    return [
        f"{claim.capture.no:04}  {local:%Y/%m/%d %H:%M}（{day_text(local.date())}）{cells['result']}",
        _joined([cells["area"], cells["trap"], cells["mesh5km"]]),
        _joined([*animal, words("papers.animals", n=claim.count)]),
        _joined([cells["captor"], cells["permit"], cells["missing"] and f"▲{cells['missing']}"]),
        f"{photo.taken} SHA-256 {photo.sha256[:SHA_SHOWN]}" if photo and photo.sha256 else "",
    ]


def _joined(parts: Sequence[object]) -> str:
    return "  ".join(str(one) for one in parts if one)
