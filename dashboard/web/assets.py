"""Files for the browser: local addresses for folium, and the content security policy.

Owns the table of local files and the policy. No page loads code from another host. To add a folium
plugin: add its package to package.json and `hatch_build.FILES`, and folium's names of its files here.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from gateway.domain.errors import BadConfigurationError

if TYPE_CHECKING:  # folium is loaded when the first map is drawn
    from branca.element import Element


STATIC = Path(__file__).parents[1] / "static"
VENDOR = STATIC / "vendor"

# folium's name of a file -> our address; None: requested by folium, but not needed here
SCRIPTS: dict[str, str | None] = {
    "leaflet": "/static/vendor/leaflet/leaflet.js",
    "jquery": None,  # only for folium.Popup; our pop-ups are built in map.js
    "bootstrap": None,
    "awesome_markers": None,  # our marks are drawn as SVG
}
STYLES: dict[str, str | None] = {
    "leaflet_css": "/static/vendor/leaflet/leaflet.css",
    "bootstrap_css": None,
    "glyphicons_css": None,
    "awesome_markers_font_css": None,
    "awesome_markers_css": None,
    "awesome_rotate_css": None,
}

GSI = "https://cyberjapandata.gsi.go.jp"


class MissingAssetsError(BadConfigurationError):
    """The browser's files were not built; the text says how."""


def check() -> None:
    """Raises MissingAssetsError if a file that pages load is missing."""
    wanted = [url for url in (*SCRIPTS.values(), *STYLES.values()) if url]
    paths = [STATIC.parent / url.lstrip("/") for url in wanted] + [VENDOR / "coast.json.gz"]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise MissingAssetsError(
            f"the map's files are missing ({', '.join(missing)}): "
            "with npm on the PATH run `pip install -e .`, or install a built wheel"
        )


def localise(element: "Element") -> None:
    """Make a folium element and its children load local files.

    Raises KeyError for a file without a row in the tables above.
    """
    from folium.elements import JSCSSMixin

    if isinstance(element, JSCSSMixin):
        element.default_js = _local(element.default_js, SCRIPTS)
        element.default_css = _local(element.default_css, STYLES)
    for child in element._children.values():
        localise(child)


def links(element: "Element") -> tuple[list[str], list[str]]:
    """Addresses of the scripts and styles that a localised element and its children load."""
    from folium.elements import JSCSSMixin

    scripts, styles = [], []
    if isinstance(element, JSCSSMixin):
        scripts += [url for _, url in element.default_js]
        styles += [url for _, url in element.default_css]
    for child in element._children.values():
        more_scripts, more_styles = links(child)
        scripts += more_scripts
        styles += more_styles
    return list(dict.fromkeys(scripts)), list(dict.fromkeys(styles))


def _local(wanted: list[tuple[str, str]], table: dict[str, str | None]) -> list[tuple[str, str]]:
    return [(name, url) for name, _ in wanted if (url := table[name])]


def policy(nonce: str, *, tiles: bool) -> str:
    """The Content-Security-Policy of a page. `nonce`: of folium's script, which is made anew for each map

    and stands in the page; "": the page has no inline script, and none runs.
    """
    inline = f" 'nonce-{nonce}'" if nonce else ""
    images = f"'self' data: {GSI}" if tiles else "'self' data:"
    return (
        f"default-src 'none'; script-src 'self'{inline}; style-src 'self'; "
        f"img-src {images}; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
