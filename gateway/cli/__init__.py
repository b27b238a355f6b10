"""The command line: one file a group of commands, registered here.

Exit 0 done, 1 refused with the reason on stderr, 2 wrong usage.
"""

import sys
from collections.abc import Iterator

import typer

from dashboard.assets import MissingAssetsError
from firmware_sim.cli import simulate
from gateway.broker import BrokerError
from gateway.cli import (
    alerts,
    backup,
    demo,
    devices,
    doctor,
    imports,
    influx,
    quarantine,
    rates,
    report,
    run,
    users,
    watch,
)
from gateway.cli import (
    map as map_,
)
from gateway.cli.decode import decode
from gateway.cli.dialects import dialects
from gateway.cli.mesh import mesh
from gateway.cli.users import UserError
from gateway.config import ConfigError
from gateway.demo import DemoError
from gateway.desk import ApprovalError
from gateway.devices import DeviceListError
from gateway.store.connection import StoreError

app = typer.Typer(
    name="shishigaki",
    help="猪垣 Shishigaki: わなの作動をすぐ知らせ、獣の出る場所を地図にします。\n\n"
    "IoT gateway against wildlife damage: trap alerts and hotspot maps.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for group in (
    run,
    demo,
    doctor,
    devices,
    users,
    alerts,
    watch,
    quarantine,
    imports,
    rates,
    report,
    map_,
    influx,
    backup,
):
    group.register(app)
for command in (decode, dialects, mesh, simulate):
    app.command()(command)


REFUSED = (
    ApprovalError,
    BrokerError,
    ConfigError,
    DemoError,
    DeviceListError,
    MissingAssetsError,
    StoreError,
    UserError,
)


def main() -> None:
    """The command `shishigaki`: what was refused goes to stderr in one line, exit 1."""
    refused: list[str] = []
    try:
        app()
    except* REFUSED as group:
        refused = list(dict.fromkeys(str(error) for error in leaves(group)))
    if refused:
        sys.stderr.writelines(f"shishigaki: {text}\n" for text in refused)
        raise SystemExit(1)


def leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """The errors themselves, however many tasks stood around them."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error
