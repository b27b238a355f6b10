"""`shishigaki devices try`: the whole way of a device without the device, from its account to the alert.

Owns the command. It reads what `devices enrol` wrote, and reports an event as the device would.
"""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec import Struct

from gateway.domain.errors import BadInputError
from gateway.domain.model import Kind
from gateway.mqtt.probes.as_device import DeviceAccess, speak


class TryError(BadInputError):
    """The file is not what `devices enrol` writes; the text says what it should be."""


class Provisioning(Struct, frozen=True):
    """The part of a provisioning file that is used."""

    site: str
    mqtt: DeviceAccess


def try_out(
    file: Annotated[
        Path,
        typer.Argument(help="devices enrol が出したファイル。- は標準入力 / its file; -: stdin"),
    ],
    kind: Annotated[Kind, typer.Option(help="何を知らせるか / what is reported")] = (Kind.SPRUNG),
) -> None:
    """センサーの代わりに一度知らせ、届いたことを確かめます / report once as the device would."""
    given = _read(file)
    took_s = asyncio.run(speak(given.mqtt, given.site, kind.value))
    typer.echo(
        f"{given.mqtt.username}: {kind.value} {took_s:.1f} s で記録されました / was recorded"
    )


def _read(file: Path) -> Provisioning:
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return msgspec.json.decode(data, type=Provisioning)
    except OSError as error:
        raise TryError(f"{file}: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise TryError(
            f"{file}: {error}; it must be what `shishigaki devices enrol ID` prints"
        ) from None
