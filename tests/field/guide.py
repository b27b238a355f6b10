"""INSTALL.md as a person reads it: its commands in their order, its questions with their examples.

Owns where in the document these stand. Knows no command by itself.
"""

import re
import textwrap
from dataclasses import dataclass

from tests.deploy.folder import DEPLOY

LANGUAGES = {"ja": 0, "en": 1}


@dataclass(frozen=True)
class Guide:
    """One language's half of the document."""

    blocks: tuple[str, ...]  # of commands, in order
    questions: dict[str, str]  # beginning of a question -> example
    answers: str  # the file of answers

    def without(self, word: str) -> "Guide":
        """The guide without the lines of commands that hold a word."""
        kept = ("\n".join(x for x in one.split("\n") if word not in x) for one in self.blocks)
        return Guide(tuple(kept), self.questions, self.answers)


def read(language: str, text: str | None = None) -> Guide:
    """The guide of a language."""
    whole = text or (DEPLOY / "INSTALL.md").read_text(encoding="utf-8")
    half = whole.split("\n---\n")[LANGUAGES[language]]
    blocks = (
        textwrap.dedent(one)
        for one in re.findall(r"^ *```sh\n(.*?)^ *```", half, re.MULTILINE | re.DOTALL)
    )
    rows = re.findall(r"^ *\| (.+?) \| `(.+?)` \|$", _between(half, "questions"), re.MULTILINE)
    answers = re.search(r"```toml\n(.*?)```", _between(half, "answers"), re.DOTALL)
    assert answers, "no file of answers"
    return Guide(tuple(_whole(one) for one in blocks), dict(rows), answers[1])


def row(language: str, words: str) -> list[str]:
    """The commands of the table's row that begins with `words`, in order."""
    half = (DEPLOY / "INSTALL.md").read_text(encoding="utf-8").split("\n---\n")[LANGUAGES[language]]
    line = next(one for one in half.splitlines() if one.startswith(f"| {words}"))
    return [one for one in re.findall(r"`(.+?)`", line) if one.startswith("sudo ")]


def _between(text: str, name: str) -> str:
    return text.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0]


def _whole(block: str) -> str:
    """A block as the shell gets it: what a list indents is taken away."""
    return block.strip("\n")
