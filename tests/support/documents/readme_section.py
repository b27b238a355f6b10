"""Replaces a marked section: ``python -m tests.support.documents.readme_section README.md NAME < TEXT``.

A section lies between ``<!-- NAME: … -->`` and ``<!-- /NAME -->``. Owns this replacement only.
"""

import re
import sys
from pathlib import Path


def replaced(document: str, name: str, text: str) -> str:
    """The document with the section's content replaced. Raises ValueError without such a section."""
    pattern = re.compile(
        rf"(<!-- {re.escape(name)}: [^\n]*-->\n).*?(<!-- /{re.escape(name)} -->)", re.DOTALL
    )
    if not text.strip():
        raise ValueError(f"{name}: nothing to put in; did the command before fail?")
    found, count = pattern.subn(lambda m: f"{m[1]}{text.rstrip()}\n{m[2]}", document)
    if count != 1:
        raise ValueError(f"{name}: {count} sections with this name; there must be one")
    return found


def main() -> None:
    """Read the text from standard input and write the document."""
    path, name = Path(sys.argv[1]), sys.argv[2]
    try:
        path.write_text(replaced(path.read_text("utf-8"), name, sys.stdin.read()), "utf-8")
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
