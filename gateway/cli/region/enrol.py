"""`shishigaki region enrol`, `enrol-hub`, `revoke`, `rebuild`: which towns and hubs may send to this one.

Owns the commands. `region.hub.authority` signs, `region.hub.enrolment` writes to the database,
`region.hub.enrolled` keeps the list beside the authority.
"""

import os
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import segno
import typer

from gateway.cli.region.hub_options import FOLDER, Folder, OwnerDatabase, as_owner
from gateway.clock import utc_now
from gateway.domain.errors import BadInputError
from gateway.region.enrolment import Enrolment, encode_enrolment
from gateway.region.hub.authority import Authority
from gateway.region.hub.database import Connection
from gateway.region.hub.enrolled import EnrolledCertificate, EnrolledList
from gateway.region.hub.enrolment import enrol as let_in
from gateway.region.hub.enrolment import revoke as shut_out
from gateway.region.protocol import Town

TownName = Annotated[str, typer.Argument(help="a-z 0-9 - 32文字まで / at most 32 characters")]


class TownNameError(BadInputError):
    """No name of a town; nothing was changed."""


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(enrol)
    app.command("enrol-hub")(enrol_hub)
    app.command()(revoke)
    app.command()(rebuild)


Out = Annotated[
    Path | None, typer.Option("--out", help="ファイル .txt .svg .png / file; else printed")
]
Title = Annotated[str, typer.Option(help="名前 / the name as people read it")]
Url = Annotated[str, typer.Option(help="既定は uplink.url / else that of the folder")]
Days = Annotated[int, typer.Option(min=1, max=3_650, help="有効日数 / days of validity")]
USUAL_DAYS = 1_825


def enrol(
    town: TownName,
    database: OwnerDatabase,
    out: Out = None,
    title: Title = "",
    url: Url = "",
    days: Days = USUAL_DAYS,
    authority: Folder = FOLDER,
) -> None:
    """町を登録し、鍵と設定を一つにまとめます / let a town in; its key and settings in one file."""
    enrolment, row = _issue(authority, town, url, days)
    _keep(database, authority, msgspec.structs.replace(row, title=title))
    _give(enrolment, out)


def enrol_hub(
    hub: TownName,
    database: OwnerDatabase,
    out: Out = None,
    title: Title = "",
    url: Url = "",
    days: Days = USUAL_DAYS,
    authority: Folder = FOLDER,
) -> None:
    """下の集約サーバーを登録します / let a hub one level down in, which sends sums; as `enrol`."""
    enrolment, row = _issue(authority, hub, url, days)
    _keep(database, authority, msgspec.structs.replace(row, title=title, hub=True))
    _give(enrolment, out)


def revoke(
    town: TownName,
    database: OwnerDatabase,
    serial: Annotated[str, typer.Option(help="一つだけ / only this certificate")] = "",
    by: Annotated[str, typer.Option(help="だれが / who revokes")] = "command line",
    authority: Folder = FOLDER,
) -> None:
    """町の証明書をすぐに無効にします / from now on nothing with this town's certificates is taken."""
    EnrolledList(authority).revoke(town, serial, utc_now())
    serials = as_owner(database, lambda link: shut_out(link, town, by, serial))
    if not serials:
        raise TownNameError(f"{town}: no valid certificate {serial}".rstrip())
    typer.echo(f"{town}: {', '.join(serials)}")


def rebuild(database: OwnerDatabase, authority: Folder = FOLDER) -> None:
    """新しいデータベースに町を書き戻します / write towns and certificates into a new database."""
    rows = EnrolledList(authority).certificates()

    async def write(link: Connection) -> None:
        for row in rows:
            await _let_in(row, link)
            if row.revoked_at:
                await shut_out(link, row.town, "list", row.serial)

    as_owner(database, write)
    typer.echo(f"{len({row.town for row in rows})} towns, {len(rows)} certificates")


def _issue(
    authority: Path, town: str, url: str, days: int
) -> tuple[Enrolment, EnrolledCertificate]:
    """A new key and certificate: for whoever sends, and for the list. Raises TownNameError."""
    try:
        msgspec.convert(town, Town)
    except msgspec.ValidationError:
        raise TownNameError(f"{town!r} is no name of a town: a-z, 0-9 and -, at most 32") from None
    where = url or _url(authority)
    signer = Authority(authority / "towns.ca", authority / "towns.ca.key")
    issued = signer.issue(town, utc_now(), days)
    row = EnrolledCertificate(town=town, serial=issued.serial, expires_at=issued.expires_at)
    return Enrolment(town, where, issued.certificate, issued.key, issued.ca), row


def _keep(database: str, authority: Path, row: EnrolledCertificate) -> None:
    """Note it in the list, and let it in."""
    EnrolledList(authority).note(row)
    as_owner(database, partial(_let_in, row))
    until = row.expires_at.astimezone(UTC).date()
    typer.echo(f"{row.town}: {row.serial} until/まで {until}", err=True)


def _url(authority: Path) -> str:
    file = authority / "uplink.url"
    try:
        return file.read_text("utf-8").strip()
    except OSError as error:
        raise TownNameError(f"say --url: {file} cannot be read: {error.strerror}") from None


async def _let_in(row: EnrolledCertificate, link: Connection) -> None:
    await let_in(link, row.town, row.serial, row.expires_at, row.title, is_hub=row.hub)


def _give(enrolment: Enrolment, out: Path | None) -> None:
    """Print it, or write it where only its owner reads it: as text, or as a QR code by the file's name."""
    text = encode_enrolment(enrolment)
    if out is None:
        typer.echo(text)
        return
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        if out.suffix in (".svg", ".png"):
            segno.make_qr(text, error="l").save(stream, kind=out.suffix[1:], scale=4)
        else:
            stream.write(f"{text}\n".encode())
