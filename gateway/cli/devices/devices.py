"""`shishigaki devices`: lists, imports, approves and revokes traps and detectors."""

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from gateway import app as service
from gateway.broker.enrolment import Accounts
from gateway.cli.devices.enrol import enrol
from gateway.cli.devices.try_out import try_out
from gateway.cli.options import (
    AsJson,
    Config,
    ConfigFile,
    FarOk,
    approvals,
    load,
    open_store,
    takes,
)
from gateway.cli.service.broker import warn_unless_heard
from gateway.clock import utc_now
from gateway.domain.geo.far_places import Place
from gateway.domain.model import Device, DeviceState
from gateway.domain.outcome import Outcome
from gateway.ingest.devices.approval import ApprovalRequest, PlaceAnswer
from gateway.ingest.devices.lists import (
    DeviceList,
    DeviceListError,
    check_datum,
    check_places,
    check_zeros,
    converted,
    said,
    to_csv,
)
from gateway.ingest.devices.lists import read as read_list
from gateway.ingest.messages.batch import release
from gateway.ingest.messages.decoding import Sources
from gateway.ingest.tables.rows import read_bytes
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
    group.command("try")(try_out)
    app.add_typer(group, name="devices")


group.command()(enrol)


@group.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="一覧のファイル / CSV (comma, semicolon, tab), XLSX or GeoJSON")
    ],
    far_ok: FarOk = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="誤りのある行を除いて登録 / without the broken lines")
    ] = False,
    datum: Annotated[
        str, typer.Option(help="座標の測地系 tokyo, wgs84 / datum of the list's places")
    ] = "",
    config: ConfigFile = None,
) -> None:
    """一覧 (CSV, XLSX, GeoJSON) を台帳に入れます / register devices from a list.

    誤りのある行があれば、何も登録しません。 / Nothing is registered when a line is wrong.
    """
    if datum not in ("", "tokyo", "wgs84"):
        raise typer.BadParameter(f"{datum!r}: tokyo or wgs84", param_hint="--datum")
    try:
        found = _list(file, partial=partial)
        settings = load(config)
        with _store(settings) as store:
            devices = store.write_now(
                lambda tx: _put(tx, found, far_ok, datum, settings.dashboard.centre)
            )
            for device in devices:
                store.write_now(_release(settings, device.id))
    except DeviceListError as error:
        raise DeviceListError(f"{file}: {error}") from None
    for fault in found.faults:
        typer.echo(f"{file}: {fault}", err=True)
    left_out = (
        f"; {len(found.faults)} 件の誤りのため除いた行あり / lines left out" if found.faults else ""
    )
    typer.echo(f"{len(devices)} 台を登録しました / devices registered{left_out}")


def _list(file: Path, *, partial: bool) -> DeviceList:
    try:
        found = read_list(read_bytes(file))
    except OSError as error:
        raise DeviceListError(error.strerror) from None
    if found.faults and not (partial and found.rows):
        raise DeviceListError(
            f"{said(found.faults)}。何も登録していません。直すか --partial で他の行だけ登録を / nothing was "
            "registered: correct the list, or register the other lines with --partial"
        )
    return found


def _put(
    tx: Transaction, found: DeviceList, far_ok: bool, datum: str, centre: Place | None
) -> list[Device]:
    """Register the rows of a list, once what is asked about them is answered."""
    rows = found.rows
    check_zeros(found, tx.devices)
    if datum == "tokyo":
        rows = [(where, converted(device)) for where, device in rows]
    elif not datum:
        check_datum(found, tx.devices, _reported(tx.states))
    if not far_ok:
        check_places(rows, tx.devices, centre)
    devices = [device for _, device in rows]
    tx.put_devices(devices)
    return devices


def _reported(states: Mapping[str, DeviceState]) -> dict[str, Place]:
    """Where devices said that they are."""
    places = {id_: (one.fact("lat"), one.fact("lon")) for id_, one in states.items()}
    return {
        id_: (float(lat), float(lon))
        for id_, (lat, lon) in places.items()
        if lat is not None and lon is not None
    }


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


class ApproveOptions(Struct, frozen=True):
    """The options of `devices approve`."""

    device: Id
    name: Annotated[str, typer.Option(help="現地での呼び名 / local name")] = ""
    role: Annotated[str, typer.Option(help="trap わな, detector 検知器, relay 中継 / its use")] = ""
    model: Annotated[str, typer.Option(help="センサーの機種 / sensor model")] = ""
    inverted: Annotated[
        bool | None,
        typer.Option("--inverted/--not-inverted", help="閉＝作動 / closed means sprung"),
    ] = None
    input_: Annotated[
        str, typer.Option("--input", help="わなの接点の名前 / which of its inputs is the contact")
    ] = ""
    zone: Annotated[str, typer.Option(help="時刻に地域のない機器の地域 / e.g. Asia/Tokyo")] = ""
    heartbeat: Annotated[
        int | None, typer.Option(help="便りの間隔 (秒) / seconds between signs of life")
    ] = None
    far_ok: FarOk = False
    no_place: Annotated[
        bool, typer.Option("--no-place", help="機器が告げた場所を使わない / without its place")
    ] = False
    config: ConfigFile = None

    @property
    def request(self) -> ApprovalRequest:
        """What is asked of the approval."""
        return ApprovalRequest(
            device=self.device,
            name=self.name,
            role=self.role,
            model=self.model,
            inverted=self.inverted,
            input=self.input_,
            zone=self.zone,
            heartbeat_s=self.heartbeat,
            place=_place(self.far_ok, self.no_place),
        )


@group.command()
@takes(ApproveOptions)
def approve(options: ApproveOptions) -> None:
    """承認待ちの機器を使い始め、届いていた通知を読み直します / let a held device count."""
    settings, now = load(options.config), utc_now()
    approval_desk = approvals(settings)
    with _store(settings) as store:
        approved, outcome = store.write_now(
            lambda tx: approval_desk.approve(tx, options.request, now)
        )
    left = sum(outcome.refused.values())
    typer.echo(
        f"{approved.label}: 承認しました（{approved.role}, {approved.model or '機種なし'}）。"
        f"保留から {len(outcome.events)} 件を読みました / approved, {len(outcome.events)} events read"
        + (f"; まだ読めない / still refused: {left}" if left else "")
    )


@group.command()
def revoke(device: Id, config: ConfigFile = None) -> None:
    """機器の通知を今後受け取らず、ブローカーからも外します / stop listening to a device, and shut it out."""
    settings = load(config)
    approval_desk, now = approvals(settings), utc_now()
    with _store(settings) as store:
        known, _ = store.write_now(lambda tx: approval_desk.revoke(tx, device, now))
    accounts = Accounts(settings)
    gone = accounts.revoke([known.id]) and accounts.is_heard
    more = (
        "。ブローカーの接続も切りました / and its session at the broker has ended" if gone else ""
    )
    typer.echo(f"{known.label}: 停止しました / revoked{more}")
    warn_unless_heard(accounts)


def _place(far_ok: bool, no_place: bool) -> PlaceAnswer:
    if no_place:
        return "none"
    return "right" if far_ok else ""


def _store(settings: Config) -> closing[Store]:
    return closing(open_store(settings))


def _release(settings: Config, device: str) -> Callable[[Transaction], Outcome]:
    decode = Sources(settings.sources, settings.site.name, settings.models).decode
    now = utc_now()
    policy = service.policy(settings)
    return lambda tx: release(tx, device, decode, now, policy)


def _show(devices: list[Device]) -> None:
    table = Table("id", "role", "standing", "name", "lat", "lon", "model", "input")
    for d in devices:
        place = [f"{x:.5f}" if x is not None else "" for x in (d.lat, d.lon)]
        table.add_row(d.id, d.role, d.standing, d.name, *place, d.model, d.input)
    Console().print(table)
