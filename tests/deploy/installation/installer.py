"""The functions of install.sh, to be run one by one."""

import re

from tests.deploy.folder import DEPLOY


def functions(*names: str) -> str:
    """The text of these functions."""
    text = (DEPLOY / "install.sh").read_text(encoding="utf-8")
    found = {
        name: re.search(rf"^{name}\(\) .*?^}}$", text, re.MULTILINE | re.DOTALL) for name in names
    }
    assert all(found.values()), found
    return "\n".join(part[0] for part in found.values() if part)
