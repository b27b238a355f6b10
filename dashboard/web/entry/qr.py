"""A web address as a QR code: for paper and for a terminal.

Owns how it is drawn. segno is loaded when one is drawn.
"""

import io

from markupsafe import Markup


def drawn(url: str) -> Markup:
    """The code as SVG for a page, without styles of its own."""
    import segno

    return Markup(  # noqa: S704 - made of squares only
        str(segno.make(url, error="m", micro=False).svg_inline(omitsize=True, lineclass=None))
    )


def squares(url: str) -> list[list[bool]]:
    """The code as rows of dark and light squares, with its quiet margin."""
    import segno

    code = segno.make(url, error="m", micro=False)
    return [[bool(dark) for dark in row] for row in code.matrix_iter(border=4)]


def in_terminal(url: str) -> str:
    """The code in half blocks, to be read from a screen."""
    import segno

    text = io.StringIO()
    segno.make(url, error="l", micro=False).terminal(text, compact=True)
    return text.getvalue()
