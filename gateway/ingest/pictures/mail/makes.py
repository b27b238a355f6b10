"""The table of makes: the installer's rows before those of `makes.toml`. Owns the reading of that file."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

from gateway.domain.pictures.makes import MakeRow


@cache
def shipped() -> Mapping[str, MakeRow]:
    """The rows that come with the program."""
    text = files("gateway.ingest.pictures.mail").joinpath("makes.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, MakeRow])


def with_own(own: Mapping[str, MakeRow]) -> dict[str, MakeRow]:
    """All rows, in the order in which they are tried."""
    return {**own, **{name: row for name, row in shipped().items() if name not in own}}
