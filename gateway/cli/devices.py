"""`shishigaki devices`: the registry of traps and detectors."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from gateway import app as service
from gateway.batch import Outcome, release
from gateway.cli.options import AsJson, Config, ConfigFile, load, open_store
from gateway.devices import DeviceListError, parse, to_csv
from gateway.model import Device, Standing
from gateway.sources import Sources
from gateway.store import Store, Transaction

group = typer.Typer(
    help="わなとセンサーの台帳 / registry of traps and sensors", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(group, name="devices")


@group.command("import")
def import_(file: Path, config: ConfigFile = None) -> None:
    """CSV か GeoJSON の一覧を台帳に入れます / register devices from CSV or GeoJSON."""
    try:
        devices = parse(file.read_bytes())
    except OSError as error:
        raise DeviceListError(f"{file}: {error.strerror}") from None
    except DeviceListError as error:
        raise DeviceListError(f"{file}: {error}") from None
    settings = load(config)
    with _store(settings) as store:
        store.write_now(lambda tx: tx.put_devices(devices))
        for device in devices:
            store.write_now(_release(settings, device.id))
    typer.echo(f"{len(devices)} 台を登録しました / devices registered")


@group.command("list")
def list_(config: ConfigFile = None, as_json: AsJson = False, as_csv: bool = False) -> None:
    """台帳を表示します / show the registry."""
    with _store(load(config)) as store:
        devices = store.read_now(lambda r: r.devices())
    if as_json:
        typer.echo(msgspec.json.encode(devices).decode())
    elif as_csv:
        typer.echo(to_csv(devices), nl=False)
    else:
        _show(devices)


@group.command()
def approve(
    device: str,
    name: Annotated[str, typer.Option(help="現地での呼び名 / local name")] = "",
    role: Annotated[str, typer.Option(help="trap, detector, relay")] = "",
    config: ConfigFile = None,
) -> None:
    """承認待ちの機器を使い始め、届いていた通知を読み直します / let a held device count."""
    settings = load(config)
    with _store(settings) as store:
        known = _find(store.read_now(lambda r: r.devices()), device)
        changes = {
            "standing": Standing.APPROVED,
            "name": name or known.name,
            "role": role or known.role,
        }
        approved = msgspec.convert(msgspec.to_builtins(known) | changes, Device)
        store.write_now(lambda tx: tx.put_device(approved))
        outcome = store.write_now(_release(settings, device))
    typer.echo(
        f"{approved.label}: 承認しました。保留 {len(outcome.events)} 件を読みました / approved"
    )


@group.command()
def revoke(device: str, config: ConfigFile = None) -> None:
    """機器の通知を今後受け取りません / stop listening to a device."""
    with _store(load(config)) as store:
        known = _find(store.read_now(lambda r: r.devices()), device)
        revoked = msgspec.structs.replace(known, standing=Standing.REVOKED)
        store.write_now(lambda tx: tx.put_device(revoked))
    typer.echo(f"{known.label}: 停止しました / revoked")


def _store(settings: Config) -> closing[Store]:
    return closing(open_store(settings))


def _release(settings: Config, device: str) -> Callable[[Transaction], Outcome]:
    decode = Sources(settings.sources, settings.site.name, settings.models).decode
    now = datetime.now(UTC)
    law = service.policy(settings)
    return lambda tx: release(tx, device, decode, now, law)


def _find(devices: list[Device], wanted: str) -> Device:
    for device in devices:
        if device.id == wanted:
            return device
    known = ", ".join(device.id for device in devices[:20]) or "none"
    raise DeviceListError(f"{wanted}: no such device; known: {known}")


def _show(devices: list[Device]) -> None:
    table = Table("id", "role", "standing", "name", "lat", "lon", "model")
    for d in devices:
        place = [f"{x:.5f}" if x is not None else "" for x in (d.lat, d.lon)]
        table.add_row(d.id, d.role, d.standing, d.name, *place, d.model)
    Console().print(table)
