"""The version of the program. Owns the only place where it is looked up."""

from functools import cache
from importlib.metadata import version

NAME = "shishigaki"


@cache
def program_version() -> str:
    """The installed version, e.g. ``0.1.0``."""
    return version(NAME)
