"""Which version of the program this is. Owns the one place where it is looked up."""

from functools import cache
from importlib.metadata import version

NAME = "shishigaki"


@cache
def program_version() -> str:
    """As installed, e.g. ``0.1.0``."""
    return version(NAME)
