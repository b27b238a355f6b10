"""`shishigaki mesh LAT LON`: the mesh codes of a place, as JSON (`domain.geo.mesh` computes them)."""

import json
from pathlib import Path
from typing import Annotated

import typer

from gateway.domain.geo import mesh as grid


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(mesh)


def mesh(
    lat: Annotated[float, typer.Argument(help="緯度(度) / latitude in degrees")],
    lon: Annotated[float, typer.Argument(help="経度(度) / longitude in degrees")],
    hunter_table: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            help="都道府県の番号表 (mesh5km,number) / a prefecture's table of numbers",
        ),
    ] = None,
) -> None:
    """地域メッシュコードを表示します / a place's JIS X 0410 codes from 80 km to 125 m."""
    try:
        shown: dict[str, str | None] = dict(grid.codes(lat, lon).items())
        if hunter_table:
            lines = hunter_table.read_text(encoding="utf-8-sig").splitlines()
            shown["hunter_map"] = grid.hunter_numbers(lines).get(grid.code(lat, lon, "5km"))
    except (grid.MeshError, OSError, UnicodeDecodeError) as error:
        typer.echo(f"shishigaki mesh: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
