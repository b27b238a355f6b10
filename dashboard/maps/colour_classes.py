"""The classes of the maps' scales: their limits and their colours.

Owns both tables. A scale is fixed, so that two months or two towns can be compared by colour. (A heat
map that scales its colours to the maximum of each picture cannot be compared.) The colours are
ColorBrewer's YlOrRd: colour-blind safe, dark = many, in the right order when printed in grey.
"""

# Lower edges of the classes above the first, in events per 100 camera-days.
BREAKS: tuple[float, ...] = (1, 2, 5, 10, 20, 50, 100, 200)
COLOURS: tuple[str, ...] = (
    "#ffffcc",
    "#ffeda0",
    "#fed976",
    "#feb24c",
    "#fd8d3c",
    "#fc4e2a",
    "#e31a1c",
    "#b10026",
    "#67001f",
)

REPORT_BREAKS: tuple[float, ...] = (0.1, 0.3, 1, 3, 10, 30)  # reports per km2 in the period
REPORT_COLOURS: tuple[str, ...] = (  # ColorBrewer's Purples
    "#f2f0f7",
    "#dadaeb",
    "#bcbddc",
    "#9e9ac8",
    "#807dba",
    "#6a51a3",
    "#4a1486",
)
