"""`shishigaki devices enrol`: the password of a device or a program at the broker, and the text to paste.

Owns the command. The password is shown once; only its hash is kept.
"""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from dashboard.web.entry import qr as code
from gateway.broker import provisioning
from gateway.broker.access import DEVICES, Use
from gateway.broker.enrolment import Accounts
from gateway.cli.options import Config, ConfigFile, load, open_store, takes
from gateway.cli.service.broker import warn_unless_heard
from gateway.domain.model import Device, Role, Standing
from gateway.store import Transaction


class EnrolOptions(Struct, frozen=True):
    """The options of `devices enrol`."""

    device: Annotated[
        str,
        typer.Argument(
            help="機器の id、またはプログラムの名前 / a device's id, or a program's name"
        ),
    ]
    use: Annotated[
        Use,
        typer.Option("--for", help="どの設定の形で出すか / in whose words the settings are shown"),
    ] = Use.NATIVE
    role: Annotated[
        Role | None,
        typer.Option(help="台帳にないとき、その役割 / its use, if it is not registered yet"),
    ] = None
    renew: Annotated[
        bool, typer.Option("--renew", help="新しいパスワードに / a new password; the old one ends")
    ] = False
    out: Annotated[
        Path | None, typer.Option(help="このファイルへ (0600) / into this file, for you only")
    ] = None
    qr: Annotated[bool, typer.Option("--qr", help="QR でも / also as a QR code")] = False
    config: ConfigFile = None


@takes(EnrolOptions)
def enrol(options: EnrolOptions) -> None:
    """機器がブローカーに入るためのパスワードと設定を作ります / let a device in at the broker."""
    settings = load(options.config)
    accounts = Accounts(settings)
    given = accounts.enrol(options.device, options.use, renew=options.renew)
    warn_unless_heard(accounts)
    known = options.use not in DEVICES or _registered(settings, options)
    _show(provisioning.text(options.use, given), options.out)
    if options.qr:
        typer.echo(code.in_terminal(provisioning.qr(given)))
    typer.echo(
        f"{given.name}: 登録しました。パスワードは二度と出ません / enrolled; the password is not shown again",
        err=True,
    )
    if not known:
        typer.echo(
            f"{given.name}: 台帳にまだありません。最初の便りのあと承認するか、--role を / not in the "
            "registry yet: approve it after its first message, or use --role",
            err=True,
        )


def _registered(settings: Config, options: EnrolOptions) -> bool:
    """Register the device if its role was given. Whether the registry has it."""

    def act(tx: Transaction) -> bool:
        if options.device in tx.devices or options.role is None:
            return options.device in tx.devices
        tx.put_device(Device(id=options.device, role=options.role, standing=Standing.APPROVED))
        return True

    with closing(open_store(settings)) as store:
        return store.write_now(act)


def _show(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    out.touch(mode=0o600, exist_ok=True)
    out.chmod(0o600)
    out.write_text(text, encoding="utf-8")
