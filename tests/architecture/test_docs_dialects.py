"""The README's table of dialects is the code's own."""

from pathlib import Path

from gateway.cli.devices.dialects import markdown
from gateway.dialects.table import TABLE

README = Path(__file__).parents[2] / "README.md"
START = "<!-- dialects: made by `shishigaki dialects --markdown` -->\n"
END = "\n<!-- /dialects -->"


def test_the_readme_shows_what_the_code_understands() -> None:
    text = README.read_text(encoding="utf-8")
    assert text.split(START)[1].split(END)[0] == markdown()


def test_every_dialect_stands_in_the_table_once() -> None:
    assert [markdown().count(f"| `{row.name}` |") for row in TABLE] == [1] * len(TABLE)
