"""The Japanese font that is embedded in PDF files.

Owns where it is looked for. BIZ UDGothic comes with the program (`hatch_build.py`); where the build has
none, a font of the system is taken. Must not read the font: that is the PDF library's work.
"""

from pathlib import Path

from gateway.domain.errors import BadConfigurationError

VENDOR = Path(__file__).parents[2] / "static" / "vendor"
FONTS = (  # a file, and which font of it; the first that is there is taken
    (VENDOR / "expo-google-fonts-biz-udgothic/400Regular/BIZUDGothic_400Regular.ttf", 0),
    (Path("/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf"), 0),
    (Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"), 0),
)


class MissingFontError(BadConfigurationError):
    """There is no Japanese font; the text says what to install."""


def find(fonts: tuple[tuple[Path, int], ...] = FONTS) -> tuple[Path, int]:
    """The font's file and its number within. Raises MissingFontError."""
    for path, number in fonts:
        if path.is_file():
            return path, number
    looked = ", ".join(str(path) for path, _ in fonts)
    raise MissingFontError(
        f"no Japanese font for PDF files; looked for {looked}: install the program again with "
        "install.sh, or sudo apt-get install fonts-ipaexfont-gothic"
    )
