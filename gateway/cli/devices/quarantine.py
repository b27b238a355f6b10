"""`shishigaki quarantine`: lists messages that gave no event with the reason, and reads them again.

Owns the commands. A message that is read again is treated as if it arrived now, with its own time.
"""

from contextlib import closing
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.cli.options import AsJson, ConfigFile, approvals, load, open_store
from gateway.clock import utc_now
from gateway.domain.model import RefusalReason
from gateway.ingest.devices.approval import ReplayReport
from gateway.store.answers import QuarantinedMessage

MAX_PAYLOAD = 160  # characters of a payload

group = typer.Typer(
    help="できごとにならなかった通信 / messages that gave no event", no_args_is_help=True
)
Why = Annotated[
    list[RefusalReason] | None, typer.Option("--reason", help="この理由だけ / only this reason")
]
Whose = Annotated[str | None, typer.Option("--device", help="この機器だけ / only this device")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(group, name="quarantine")


@group.command("list")
def list_(
    reason: Why = None,
    device: Whose = None,
    limit: Annotated[int, typer.Option(min=1, max=20_000, help="示す数 / how many to show")] = 50,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """新しい順に表示します / show them, newest first."""
    with closing(open_store(load(config))) as store:
        messages = store.read_now(
            lambda r: r.quarantine(limit, reason or tuple(RefusalReason), device)
        )
    if as_json:
        typer.echo(msgspec.json.encode([_plain(one) for one in messages]).decode())
        return
    table = Table("no", "received", "topic", "device", "reason", "payload", show_lines=True)
    for one in messages:
        why = f"{one.reason}\n{one.detail}" + ("\n読み直し済み / read" if one.replayed_at else "")
        row = (str(one.no), f"{one.received_at:%m-%d %H:%M}", one.topic, one.device or "", why)
        table.add_row(*map(escape, (*row, _text(one.payload))))
    Console().print(table)


@group.command("read-again")
def read_again(
    reason: Why = None, device: Whose = None, config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """対応表を直したあとで読み直します / read them again after a mapping was mended."""
    settings = load(config)
    approval_desk, done, now = approvals(settings), ReplayReport(), utc_now()
    with closing(open_store(settings)) as store:
        while store.write_now(
            lambda tx: approval_desk.step(tx, done, now, reason or tuple(RefusalReason), device)
        ):
            pass
    if as_json:
        typer.echo(msgspec.json.encode(done).decode())
        return
    left = ", ".join(f"{why} {count}" for why, count in done.refused.items()) or "0"
    typer.echo(
        f"{done.messages} 通を読み直し、{done.events} 件のできごとになりました。まだ読めないもの: {left}\n"
        f"{done.messages} messages read again, {done.events} events; still refused: {left}"
    )


def _plain(one: QuarantinedMessage) -> dict[str, object]:
    return {
        name: _text(value) if isinstance(value := getattr(one, name), bytes) else value
        for name in one.__struct_fields__
    }


def _text(payload: bytes) -> str:
    shown = payload[:MAX_PAYLOAD].decode("utf-8", "backslashreplace")
    return shown + (" …" if len(payload) > MAX_PAYLOAD else "")
