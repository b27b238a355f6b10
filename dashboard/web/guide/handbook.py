"""A handbook as a value: sections of steps with a picture; its files are read once.

Owns the shape of the files `trapper.toml`, `official.toml`, `installer.toml` of this folder. Pictures are in
`static/guide`; `python -m tests.browser.guide.pictures` takes them anew.
"""

import tomllib
from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct

READERS = ("trapper", "official", "installer")


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """One act: how it is done, where, and what it looks like."""

    heading: str
    steps: tuple[str, ...]
    page: str = ""  # address of the page on which it is done
    picture: str = ""  # file of static/guide
    shows: str = ""  # what the picture shows, in words


class Handbook(Struct, frozen=True, forbid_unknown_fields=True):
    """One reader's handbook."""

    title: str
    lead: str
    sections: tuple[Section, ...]
    pages: tuple[str, ...] = ()  # beginnings of addresses on which its acts are done


@cache
def read(reader: str) -> Handbook:
    """The handbook of one of READERS."""
    text = files("dashboard.web.guide").joinpath(f"{reader}.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Handbook)


def reader_at(path: str) -> str:
    """Whose handbook a page links to."""
    return next((one for one in READERS[1:] if path.startswith(read(one).pages)), READERS[0])
