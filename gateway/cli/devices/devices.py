"""`shishigaki devices`: the registry of traps and detectors."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from gateway import app as service
from gateway.cli.options import AsJson, Config, ConfigFile, FarOk, desk, load, open_store
from gateway.clock import utc_now
from gateway.domain.model import Device
from gateway.domain.outcome import Outcome
from gateway.ingest.devices.approval import ApprovalRequest, PlaceAnswer
from gateway.ingest.devices.lists import DeviceListError, check_places, parse_rows, to_csv
from gateway.ingest.messages.batch import release
from gateway.ingest.messages.decoding import Sources
from gateway.store import Store, Transaction

group = typer.Typer(
    help="わなとセンサーの台帳 / registry of traps and sensors", no_args_is_help=True
)
AsCsv = Annotated[
    bool, typer.Option("--csv", help="取り込める形の CSV で / print CSV, as import reads it")
]
Id = Annotated[str, typer.Argument(help="機器の id (devices list の左端) / id of a device")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(group, name="devices")


@group.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="一覧のファイル (UTF-8) / CSV or GeoJSON file")],
    far_ok: FarOk = False,
    config: ConfigFile = None,
) -> None:
    """CSV か GeoJSON の一覧を台帳に入れます / register devices from CSV or GeoJSON."""
    try:
        rows = parse_rows(file.read_bytes())
    except OSError as error:
        raise DeviceListError(f"{file}: {error.strerror}") from None
    except DeviceListError as error:
        raise DeviceListError(f"{file}: {error}") from None
    settings, devices = load(config), [device for _, device in rows]

    def register(tx: Transaction) -> None:
        if not far_ok:
            check_places(rows, tx.devices, settings.dashboard.centre)
        tx.put_devices(devices)

    with _store(settings) as store:
        try:
            store.write_now(register)
        except DeviceListError as error:
            raise DeviceListError(f"{file}: {error}") from None
        for device in devices:
            store.write_now(_release(settings, device.id))
    typer.echo(f"{len(devices)} 台を登録しました / devices registered")


@group.command("list")
def list_(config: ConfigFile = None, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
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
    device: Id,
    name: Annotated[str, typer.Option(help="現地での呼び名 / local name")] = "",
    role: Annotated[
        str, typer.Option(help="trap わな, detector 検知器, relay 中継 / its use")
    ] = "",
    model: Annotated[str, typer.Option(help="センサーの機種 / sensor model")] = "",
    inverted: Annotated[
        bool | None,
        typer.Option("--inverted/--not-inverted", help="閉＝作動 / closed means sprung"),
    ] = None,
    zone: Annotated[str, typer.Option(help="時刻に地域のない機器の地域 / e.g. Asia/Tokyo")] = "",
    heartbeat: Annotated[
        int | None, typer.Option(help="便りの間隔 (秒) / seconds between signs of life")
    ] = None,
    far_ok: FarOk = False,
    no_place: Annotated[
        bool, typer.Option("--no-place", help="機器が告げた場所を使わない / without its place")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """承認待ちの機器を使い始め、届いていた通知を読み直します / let a held device count."""
    settings = load(config)
    wish = ApprovalRequest(device=device, name=name, role=role, model=model, inverted=inverted, zone=zone,
                heartbeat_s=heartbeat, place=_place(far_ok, no_place))  # fmt: skip
    now, bench = utc_now(), desk(settings)
    with _store(settings) as store:
        approved, outcome = store.write_now(lambda tx: bench.approve(tx, wish, now))
    left = sum(outcome.refused.values())
    typer.echo(
        f"{approved.label}: 承認しました（{approved.role}, {approved.model or '機種なし'}）。"
        f"保留から {len(outcome.events)} 件を読みました / approved, {len(outcome.events)} events read"
        + (f"; まだ読めない / still refused: {left}" if left else "")
    )


@group.command()
def revoke(device: Id, config: ConfigFile = None) -> None:
    """機器の通知を今後受け取りません / stop listening to a device."""
    settings = load(config)
    bench, now = desk(settings), utc_now()
    with _store(settings) as store:
        known, _ = store.write_now(lambda tx: bench.revoke(tx, device, now))
    typer.echo(f"{known.label}: 停止しました / revoked")


def _place(far_ok: bool, no_place: bool) -> PlaceAnswer:
    if no_place:
        return "none"
    return "right" if far_ok else ""


def _store(settings: Config) -> closing[Store]:
    return closing(open_store(settings))


def _release(settings: Config, device: str) -> Callable[[Transaction], Outcome]:
    decode = Sources(settings.sources, settings.site.name, settings.models).decode
    now = utc_now()
    law = service.policy(settings)
    return lambda tx: release(tx, device, decode, now, law)


def _show(devices: list[Device]) -> None:
    table = Table("id", "role", "standing", "name", "lat", "lon", "model")
    for d in devices:
        place = [f"{x:.5f}" if x is not None else "" for x in (d.lat, d.lon)]
        table.add_row(d.id, d.role, d.standing, d.name, *place, d.model)
    Console().print(table)
