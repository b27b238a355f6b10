"""The classes of the maps' scales: their limits and their colours.

Owns the tables. A scale is fixed, so that two months or two towns can be compared by colour. (A heat
map that scales its colours to the maximum of each picture cannot be compared.) Dark = many, in the right
order when printed in grey. The steps are chosen for what is seen on land, where `OPACITY` lets the ground
through: neighbours differ by at least 7 (CIEDE2000), also to those who do not see red, green or blue
(tests/science/test_colours.py). The rates go along inferno, by van der Walt and Smith, in reverse.
"""

from bisect import bisect_right

OPACITY = 0.8  # of surfaces and squares
LAND = "#f4f0e3"  # the ground of the maps without tiles, as in `static/basemap.js`

# Lower edges of the classes above the first, in events per 100 camera-days.
BREAKS: tuple[float, ...] = (1, 2, 5, 10, 20, 50, 100, 200)
COLOURS: tuple[str, ...] = (
    "#f9ed7a",
    "#f8c22d",
    "#f68615",
    "#e25934",
    "#c13b50",
    "#9d2a62",
    "#7a1d6b",
    "#410a67",
    "#170b3b",
)

REPORT_BREAKS: tuple[float, ...] = (0.1, 0.3, 1, 3, 10, 30)  # reports per km2 in the period
REPORT_COLOURS: tuple[str, ...] = (  # violet; the first class is not drawn
    "#f2f0f7",
    "#c5c4e1",
    "#9793c5",
    "#7668af",
    "#61419b",
    "#4b1587",
    "#1e0446",
)

UNSURE_BREAKS: tuple[float, ...] = (1.5, 2, 3, 5)  # factor from the estimate to its 95 % limits
UNSURE_COLOURS: tuple[str, ...] = (
    "#b1b1b1",
    "#7e7e7e",
    "#565656",
    "#2d2d2d",
    "#000000",
)


def class_of(per100: float | None) -> int | None:
    """The class of a rate on the fixed scale, from 0; None: no data."""
    return None if per100 is None else bisect_right(BREAKS, per100)


def seen(colour: str, opacity: float = OPACITY, ground: str = LAND) -> str:
    """What the eye sees of a colour over the ground: the colour of legends and of marks without opacity."""
    parts = zip(bytes.fromhex(colour[1:]), bytes.fromhex(ground[1:]), strict=True)
    return "#" + "".join(
        f"{round(over * opacity + under * (1 - opacity)):02x}" for over, under in parts
    )
