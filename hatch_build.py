"""The build hook: what the pages need in the browser, from npm into `dashboard/static/vendor`.

Owns the table of files taken and the cutting of the offline coastline. Runs for wheels and for
editable installs, with nothing but the standard library; whoever installs the wheel needs no npm.
"""

import gzip
import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

Point = tuple[float, float]
Ring = list[Point]

# npm package -> files of it that pages load, or that its licence asks us to hand on
FILES = {
    "leaflet": (
        "dist/leaflet.js",
        "dist/leaflet.css",
        "dist/images/layers.png",
        "dist/images/layers-2x.png",
        "LICENSE",
    ),
    "@geo-maps/earth-lands-100m": ("LICENSE",),
}
LAND = "@geo-maps/earth-lands-100m/map.geo.json"
JAPAN = (122.0, 20.0, 154.0, 46.0)  # west, south, east, north, degrees
GRID = 10_000  # steps a degree: about 10 m, as fine as the source
COAST_NOTICE = """\
coast.json.gz: land of Japan and its surroundings, cut from @geo-maps/earth-lands-100m.
(c) OpenStreetMap contributors, available under the Open Database License (ODbL) 1.0:
https://www.openstreetmap.org/copyright https://opendatacommons.org/licenses/odbl/1-0/
"""


class AssetHook(BuildHookInterface[Any]):
    """Fills the vendor directory before hatchling collects the files."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before every build; only wheels (editable ones too) carry assets."""
        if self.target_name == "wheel":
            fill(Path(self.root))


def fill(root: Path) -> None:
    """Make `root`/dashboard/static/vendor match package-lock.json; does nothing when it does."""
    vendor = root / "dashboard" / "static" / "vendor"
    stamp = vendor / ".stamp"
    wanted = _fingerprint(root)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    with tempfile.TemporaryDirectory(prefix="shishigaki-assets-") as scratch:
        modules = _npm_ci(root, Path(scratch))
        shutil.rmtree(vendor, ignore_errors=True)
        _copy(modules, vendor)
        _write_coast(modules / LAND, vendor)
    stamp.write_text(wanted)


def _fingerprint(root: Path) -> str:
    parts = [(root / name).read_bytes() for name in ("package-lock.json", "hatch_build.py")]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _npm_ci(root: Path, scratch: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit(
            "npm is needed once, to fetch the map's own JavaScript and coastline, "
            "and was not found. Install it (Debian: sudo apt-get install npm) and repeat, "
            "or install a built wheel, which has them inside."
        )
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(root / name, scratch)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=900)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"npm ci could not fetch the map's assets:\n{done.stderr.strip()}")
    return scratch / "node_modules"


def _copy(modules: Path, vendor: Path) -> None:
    for package, names in FILES.items():
        target = vendor / package.removeprefix("@").replace("/", "-")
        for name in names:
            copy = target / name.removeprefix("dist/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(modules / package / name, copy)


def _write_coast(source: Path, vendor: Path) -> None:
    """One line a polygon: its box, then its rings as steps from point to point on the grid."""
    lines = [json.dumps(_packed(rings), separators=(",", ":")) for rings in _polygons(source)]
    if not lines:
        raise SystemExit(f"{LAND}: no land inside {JAPAN}; has the package's format changed?")
    packed = gzip.compress("\n".join(lines).encode(), compresslevel=9, mtime=0)
    (vendor / "coast.json.gz").write_bytes(packed)
    (vendor / "coast.NOTICE.txt").write_text(COAST_NOTICE)


def _polygons(source: Path) -> Iterator[list[Ring]]:
    """The polygons that touch JAPAN, cut to it; 117 MB are split as text, never parsed whole."""
    text = source.read_text()
    body = text[text.index("[[[[") + 4 : text.rindex("]]]]")]
    for polygon in body.split("]]],[[["):
        outer, *holes = polygon.split("]],[[")
        shell = _cut(_parse(outer))
        if shell:
            yield [shell, *(ring for hole in holes if (ring := _cut(_parse(hole))))]


def _parse(ring: str) -> Ring:
    points: Ring = json.loads(f"[[{ring}]]")
    return points


def _cut(ring: Ring) -> Ring:
    """Sutherland-Hodgman against the box; empty when nothing of the ring lies inside."""
    west, south, east, north = JAPAN
    for axis, limit, inward in ((0, west, 1), (1, south, 1), (0, east, -1), (1, north, -1)):
        outside = [(point[axis] - limit) * inward < 0 for point in ring]
        if all(outside):
            return []
        if any(outside):
            ring = _cut_side(ring, outside, axis, limit)
    return ring


def _cut_side(ring: Ring, outside: list[bool], axis: int, limit: float) -> Ring:
    kept: Ring = []
    before, before_out = ring[-1], outside[-1]
    for point, out in zip(ring, outside, strict=True):
        if out != before_out:
            part = (limit - before[axis]) / (point[axis] - before[axis])
            cross = before[1 - axis] + part * (point[1 - axis] - before[1 - axis])
            kept.append((limit, cross) if axis == 0 else (cross, limit))
        if not out:
            kept.append(point)
        before, before_out = point, out
    return kept


def _packed(rings: list[Ring]) -> list[list[int]]:
    grid = [[(round(x * GRID), round(y * GRID)) for x, y in ring] for ring in rings]
    xs, ys = zip(*grid[0], strict=True)
    return [[min(xs), min(ys), max(xs), max(ys)], *map(_steps, grid)]


def _steps(ring: list[tuple[int, int]]) -> list[int]:
    steps: list[int] = []
    last_x = last_y = 0
    for x, y in ring:
        steps += (x - last_x, y - last_y)
        last_x, last_y = x, y
    return steps
