"""deploy/region/INSTALL.md as a person reads it: the commands of each step, and those of the drill.

Owns where in the document these stand. Knows no command by itself.
"""

import re
import textwrap

from tests.deploy.folder import DEPLOY

COMMAND = re.compile(r"^ *```\n(.*?)^ *```|`(sudo [^`]+)`", re.MULTILINE | re.DOTALL)


def steps() -> list[list[str]]:
    """The commands of each numbered step of the Japanese half, in their order."""
    half = _text().split("\n---\n")[0]
    found = re.findall(r"^\d\. (.*?)(?=^\d\. |^\S)", half, re.MULTILINE | re.DOTALL)
    return [_commands(one) for one in found]


def drill() -> list[str]:
    """The lines of the restore drill."""
    after = _text().split("**戻す訓練**")[1]
    return _commands(after[after.index("```") :])[0].splitlines()


def _commands(text: str) -> list[str]:
    return [textwrap.dedent(block or inline).strip("\n") for block, inline in COMMAND.findall(text)]


def _text() -> str:
    return (DEPLOY / "region/INSTALL.md").read_text(encoding="utf-8")
