"""`shishigaki backup` and `restore`: checked copies of the database.

Owns the commands. `store.recovery.backup` and `store.recovery.restore` copy the files.
"""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import ConfigFile, load
from gateway.clock import utc_now
from gateway.store.connection import StoreError
from gateway.store.recovery import backup as copies
from gateway.store.recovery.restore import put_back

Force = Annotated[
    bool, typer.Option("--force", help="あるものを置き換えます / replace what is there")
]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    target: Annotated[
        Path, typer.Argument(help="ファイルかフォルダー / file, or folder of copies")
    ],
    keep: Annotated[
        int, typer.Option(min=0, help="フォルダーに残す数。0 はすべて / newest to keep, 0: all")
    ] = 0,
    force: Force = False,
    config: ConfigFile = None,
) -> None:
    """動いたままデータベースの控えを取り、確かめます / copy the database while the gateway runs."""
    database, now = Path(load(config).store.path), utc_now()
    if keep and target.is_file():
        raise typer.BadParameter(f"{target} is a file; --keep needs a folder", param_hint="--keep")
    if keep:
        _make(target)
    path = target / copies.file_name(now) if target.is_dir() else target
    copies.save(database, path, force=force)
    old = copies.trim(target, keep) if keep else []
    typer.echo(f"{path}: {path.stat().st_size:,} bytes, integrity ok; {len(old)} deleted")


def restore(
    copy: Annotated[Path, typer.Argument(help="控えのファイル / a copy made by backup")],
    force: Force = False,
    config: ConfigFile = None,
) -> None:
    """控えを確かめてから元に戻します。先に止めてください / put a copy back; stop the gateway first."""
    database = Path(load(config).store.path)
    aside = put_back(copy, database, utc_now(), force=force)
    typer.echo(f"{database}: {copy}" + (f"; 前のもの / the one before: {aside}" if aside else ""))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}") from None
