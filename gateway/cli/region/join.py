"""`region join FILE` at a town, `region parent FILE` at a hub: puts an enrolment in place.

Owns the three files beside the configuration and the section that names them (`[region]`, `[parent]`).
Must not connect to anything.
"""

import base64
import os
import re
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import ConfigFile
from gateway.cli.region.hub_options import FOLDER
from gateway.config import ConfigError, load
from gateway.region.enrolment import LARGEST, Enrolment, EnrolmentError, decode_enrolment
from gateway.region.hub.settings import load_settings

SECTION = r"^\[%s\][^\n]*\n(?:(?!^\[).*\n?)*"
Given = Annotated[
    str,
    typer.Argument(help="地域から受け取ったファイル。- は標準入力 / file of the region, - stdin"),
]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(join)
    app.command()(parent)


def join(file: Given, config: ConfigFile = None) -> None:
    """地域につなぎます。あとで再起動 / connect this town to its region; restart the gateway afterwards."""
    if config is None:
        raise typer.BadParameter("a configuration file is needed", param_hint="--config")
    load(config)
    enrolment = decode_enrolment(_text(file))
    before = config.read_text("utf-8")
    folder = config.resolve().parent / "region"
    after = with_section(before, "region", enrolment, folder)
    _put_files(folder, enrolment, config)
    _replace(config, after)
    try:
        load(config)
    except ConfigError:
        _replace(config, before)
        raise
    typer.echo(
        f"{enrolment.town} -> {enrolment.url}\n"
        f"{config} [region], {folder}\n再起動すると送り始めます / restart the gateway to start sending"
    )


def parent(
    file: Given,
    folder: Annotated[
        Path, typer.Option(help="集約サーバーの設定の場所 / folder of the hub's settings")
    ] = FOLDER,
) -> None:
    """上の集約サーバーにつなぎます / send this hub's sums to a hub one level up; restart the receivers."""
    enrolment = decode_enrolment(_text(file))
    receivers = sorted(folder.glob("receiver*.toml"))
    if not receivers:
        raise ConfigError(f"{folder} holds no receiver*.toml; setup.sh install makes them")
    owner = folder / "hub.pgpass"  # who reads that reads the key
    _put_files(folder / "parent", enrolment, owner if owner.exists() else receivers[0])
    for one in receivers:
        _replace(one, with_section(one.read_text("utf-8"), "parent", enrolment, folder / "parent"))
        load_settings(one)
    typer.echo(
        f"{enrolment.town} -> {enrolment.url}\n{', '.join(one.name for one in receivers)} [parent]\n"
        "受信を再起動すると送り始めます / restart the receivers to start sending"
    )


def with_section(text: str, name: str, enrolment: Enrolment, folder: Path) -> str:
    """The configuration with the enrolment in a section; its other settings stay. Raises ConfigError."""
    given = {
        "url": enrolment.url,
        "town": enrolment.town,
        **{key: str(folder / file) for key, file in FILES.items()},
    }
    section = re.search(SECTION % name, text, re.MULTILINE)
    if section is None:
        if name in tomllib.loads(text):
            raise ConfigError(f"write the settings of {name} as a section [{name}] of its own")
        return f"{text.rstrip()}\n\n[{name}]\n{_lines(given)}"
    kept = [line for line in section[0].splitlines() if _key(line) not in given]
    new = f"{kept[0]}\n{_lines(given)}" + "".join(f"{line}\n" for line in kept[1:])
    return text[: section.start()] + new + text[section.end() :]


FILES = {"certificate": "town.pem", "key": "town.key", "ca": "region.pem"}


def _key(line: str) -> str:
    return line.partition("=")[0].strip()


def _lines(given: dict[str, str]) -> str:
    return "".join(f'{key} = "{value}"\n' for key, value in given.items())


def _text(file: str) -> str:
    source = sys.stdin if file == "-" else Path(file)
    try:
        text = source.read_text("ascii") if isinstance(source, Path) else source.read(LARGEST * 2)
    except (OSError, UnicodeDecodeError) as error:
        raise EnrolmentError(f"{file} cannot be read: {error}") from None
    return text


def _put_files(folder: Path, enrolment: Enrolment, config: Path) -> None:
    """The key is readable by those who may read the configuration, and by nobody else."""
    folder.mkdir(mode=0o750, exist_ok=True)
    owner = config.stat()
    kinds = {"certificate": "CERTIFICATE", "key": "PRIVATE KEY", "ca": "CERTIFICATE"}
    for name, file in FILES.items():
        path = folder / file
        path.unlink(missing_ok=True)
        new = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        with os.fdopen(new, "w") as stream:
            stream.write(_pem(kinds[name], getattr(enrolment, name)))
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            os.chown(path, owner.st_uid, owner.st_gid)


def _pem(kind: str, der: bytes) -> str:
    lines = textwrap.wrap(base64.b64encode(der).decode(), 64)
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""])


def _replace(config: Path, text: str) -> None:
    """The old file or the new one, never half of one; owner and rights stay."""
    new = config.with_name(f"{config.name}.joining")
    owner = config.stat()
    new.write_text(text, "utf-8")
    new.chmod(owner.st_mode & 0o777)
    if os.geteuid() == 0:
        os.chown(new, owner.st_uid, owner.st_gid)
    new.replace(config)
