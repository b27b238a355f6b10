"""`shishigaki map pack`: a site's own map in one file, from GeoJSON and PMTiles that the user gives.

Owns the command's options. `dashboard.maps.pack` makes the file. Needs no gateway and no network; it may
run on another computer, from which the file is copied to the board.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dashboard.maps.bounds import Box
from dashboard.maps.pack.errors import MapPackError
from dashboard.maps.pack.kinds import MapKind
from gateway.clock import utc_now

if TYPE_CHECKING:  # shapely is loaded by the command only
    from dashboard.maps.pack.things import Thing

KINDS = ", ".join(MapKind)


def pack(
    out: Annotated[Path, typer.Option(help="書き出すファイル / file to write")],
    credit: Annotated[str, typer.Option(help="地図に出す出典 / sources, shown on the map")],
    layer: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND=FILE", help=f"GeoJSON: {KINDS} (何度でも / may be repeated)"),
    ] = None,
    pmtiles: Annotated[
        list[Path] | None, typer.Option(help="PMTiles (ベクトルタイル / vector tiles)")
    ] = None,
    box: Annotated[
        str, typer.Option(metavar="W,S,E,N", help="この範囲だけ (度) / only this box, degrees")
    ] = "",
) -> None:
    """道・境界・地名の地図を1つのファイルにします / a map of roads, boundaries, names in one file."""
    from dashboard.maps.pack import archive, cutting

    try:
        wanted = _box(box)
        things = _things(layer or [], pmtiles or [], wanted)
        frame = wanted or cutting.box_of(things)
        made = archive.write(out, cutting.tiles(things, frame), credit, frame, utc_now())
    except (MapPackError, OSError) as error:
        sys.stderr.write(f"shishigaki map pack: {error}\n")
        raise typer.Exit(1) from None
    total = sum(made.tiles.values())
    typer.echo(f"{out}: {len(made.tiles)} tiles, {total / 1e6:.2f} MB")


def _things(layers: list[str], pmtiles: list[Path], box: Box | None) -> list["Thing"]:
    """What the user's files hold, at least one thing."""
    from dashboard.maps.pack import things, vector_tiles

    found: list[Thing] = []
    for one in layers:
        kind, _, name = one.partition("=")
        if kind not in set(MapKind) or not name:
            raise MapPackError(f"--layer {one}: allowed: KIND=FILE, KIND one of {KINDS}")
        found += things.from_geojson(MapKind(kind), Path(name))
    for path in pmtiles:
        found += vector_tiles.from_pmtiles(path, box)
    if not found:
        raise MapPackError(f"nothing to draw: give --layer KIND=FILE ({KINDS}) or --pmtiles FILE")
    return found


def _box(said: str) -> Box | None:
    if not said:
        return None
    try:
        west, south, east, north = (float(part) for part in said.split(","))
    except ValueError:
        raise MapPackError(f"--box {said}: allowed: four numbers, WEST,SOUTH,EAST,NORTH") from None
    if not (-180 <= west < east <= 180 and -85 <= south < north <= 85):
        raise MapPackError(f"--box {said}: allowed: degrees, west of east and south of north")
    return west, south, east, north
