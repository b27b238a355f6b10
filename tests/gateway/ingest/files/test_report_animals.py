"""Animals of a cell: one, several, one of several, or none."""

import pytest

from gateway.ingest.files.report_animals import animals


@pytest.mark.parametrize(
    ("cell", "codes", "why"),
    [
        *(
            (cell, ["boar", "deer"], "several animals")
            for cell in (
                "イノシシ・シカ",
                "ｲﾉｼｼ･ｼｶ",
                "イノシシ、ニホンジカ",
                "猪,鹿",
                "イノシシ/シカ",
                "イノシシとシカ",
                "イノシシ シカ",
                "イノシシ\nシカ",
                "イノシシ2頭、シカ1頭",
                "boar and deer",
                "イノシシ、シカ等",
            )
        ),
        ("raccoon dog/boar", ["raccoon_dog", "boar"], "several animals"),
        *(
            (cell, ["unknown"], "one of several")
            for cell in ("タヌキ or アナグマ", "イノシシかシカ", "イノシシまたはシカ")
        ),
        *((cell, [], "") for cell in ("なし", "該当なし", "0", "none", "empty", "no boar", "空")),
        *(
            (cell, ["boar"], "")
            for cell in (
                "イノシシ",
                "イノシシ？",
                "イノシシ等",
                "wild boar",
                "イノシシ・ウリ坊",
                "イノシシ（成獣）",
            )
        ),
        ("raccoon dog", ["raccoon_dog"], ""),
        ("adult_boar", ["boar"], ""),
        ("野生の何か", ["野生の何か"], ""),
        ("不明", ["unknown"], ""),
        ("", ["unknown"], ""),
    ],
)
def test_a_cell_names_its_animals(cell: str, codes: list[str], why: str) -> None:
    shown: list[str] = []
    assert animals(cell, shown.append) == codes
    assert len(shown) == bool(why)
    assert why in "".join(shown)
