"""Styles of the layers as QGIS reads them (QML). PURE.

Owns the symbols. The classes and colours are those of the pages' maps.
"""

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import quoteattr

from dashboard.live.device_view import Condition
from dashboard.maps.legend import LegendRow, rows

OPEN = 1e9  # the upper edge of the class above all others
COLOURS = {
    Condition.SPRUNG: "#d7191c",
    Condition.CAPTURED: "#b10026",
    Condition.SEEN: "#fd8d3c",
    Condition.UNKNOWN: "#7b3294",
    Condition.LOW: "#b8860b",
}
OTHER, CAPTURE = "#2c7fb8", "#b10026"


def by_rate(field: str, shape: str) -> str:
    """Classes of the maps' scale; `shape`: marker or fill."""
    classes = rows()
    ranges = "".join(
        f'<range lower="{one.lower}" upper="{_upper(one)}" symbol="{n}" render="true" '
        f"label={quoteattr(_label(one))}/>"
        for n, one in enumerate(classes)
    )
    symbols = _symbols([one.colour for one in classes], shape)
    return _document(
        f'<renderer-v2 type="graduatedSymbol" attr={quoteattr(field)} graduatedMethod="GraduatedColor">'
        f"<ranges>{ranges}</ranges><symbols>{symbols}</symbols></renderer-v2>"
    )


def by_condition(labels: Iterable[tuple[Condition, str]]) -> str:
    """One symbol for each condition of a device."""
    named = list(labels)
    categories = "".join(
        f'<category value="{condition}" symbol="{n}" render="true" label={quoteattr(label)}/>'
        for n, (condition, label) in enumerate(named)
    )
    symbols = _symbols([COLOURS.get(condition, OTHER) for condition, _ in named], "marker")
    return _document(
        '<renderer-v2 type="categorizedSymbol" attr="condition">'
        f"<categories>{categories}</categories><symbols>{symbols}</symbols></renderer-v2>"
    )


def single() -> str:
    """One symbol for all."""
    symbols = _symbols([CAPTURE], "marker")
    return _document(f'<renderer-v2 type="singleSymbol"><symbols>{symbols}</symbols></renderer-v2>')


def _symbols(colours: Sequence[str], shape: str) -> str:
    kind = "SimpleMarker" if shape == "marker" else "SimpleFill"
    size = '<Option name="size" type="QString" value="3"/>' if shape == "marker" else ""
    return "".join(
        f'<symbol name="{n}" type="{shape}" alpha="{1 if shape == "marker" else 0.6}">'
        f'<layer class="{kind}" enabled="1" pass="0"><Option type="Map">'
        f'<Option name="color" type="QString" value="{_rgba(colour)}"/>'
        f'<Option name="outline_color" type="QString" value="60,60,60,255"/>{size}'
        "</Option></layer></symbol>"
        for n, colour in enumerate(colours)
    )


def _document(renderer: str) -> str:
    head = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    return f'{head}<qgis version="3.22" styleCategories="Symbology">{renderer}</qgis>\n'


def _rgba(colour: str) -> str:
    """#rrggbb as QGIS writes it."""
    return ",".join([*(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5)), "255"])


def _upper(row: LegendRow) -> float:
    return OPEN if row.upper is None else row.upper


def _label(row: LegendRow) -> str:
    return f"{row.lower:g} –" if row.upper is None else f"{row.lower:g} – {row.upper:g}"
