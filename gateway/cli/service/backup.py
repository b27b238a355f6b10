"""`shishigaki backup` and `restore`: copies of the database, and the whole gateway in one encrypted file.

Owns the commands. `store.recovery` copies the database, `gateway.backup` makes and opens the file.
"""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import ConfigFile, load
from gateway.cli.service import whole_backup
from gateway.clock import utc_now
from gateway.store.connection import StoreError
from gateway.store.recovery import backup as copies
from gateway.store.recovery.restore import check_copy, put_back

Force = Annotated[
    bool, typer.Option("--force", help="あるものを置き換えます / replace what is there")
]
Target = Annotated[
    Path | None, typer.Argument(help="ファイルかフォルダー / file, or folder of copies")
]
Everything = Annotated[
    bool,
    typer.Option(
        "--all",
        help="設定・秘密・ブローカー・写真も、暗号化して / settings, secrets, broker, photos too",
    ),
]
NewKey = Annotated[
    bool, typer.Option("--new-key", help="合言葉を決める (標準入力か質問) / choose the passphrase")
]
Drill = Annotated[
    bool,
    typer.Option("--drill", help="新しい控えを仮に戻して確かめる / restore the newest, on trial"),
]
CheckOnly = Annotated[
    bool, typer.Option("--check", help="開いて確かめるだけ / open and check, put nothing back")
]
Root = Annotated[
    Path, typer.Option(help="戻す先のカード / where the card to restore to is mounted")
]
KeyFile = Annotated[
    Path | None, typer.Option("--identity", help="合言葉の代わりの age の鍵 / key of age instead")
]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    target: Target = None,
    keep: Annotated[
        int, typer.Option(min=0, help="フォルダーに残す数。0 はすべて / newest to keep, 0: all")
    ] = 0,
    force: Force = False,
    everything: Everything = False,
    new_key: NewKey = False,
    drill: Drill = False,
    config: ConfigFile = None,
) -> None:
    """動いたまま控えを取り、確かめます / copy the database, or everything, while the gateway runs."""
    if new_key:
        whole_backup.choose_passphrase(config)
    elif drill:
        whole_backup.run_drill(config)
    elif everything:
        whole_backup.make_backup(config, target)
    elif target is None:
        raise typer.BadParameter("a file, a folder, or --all", param_hint="TARGET")
    else:
        _copy(target, keep, config, force=force)


def restore(
    copy: Annotated[Path, typer.Argument(help="控えのファイル / a file made by backup")],
    force: Force = False,
    check: CheckOnly = False,
    root: Root = Path("/"),
    identity: KeyFile = None,
    config: ConfigFile = None,
) -> None:
    """控えを確かめてから元に戻します。先に止めてください / put a copy back; stop the gateway first."""
    if whole_backup.is_whole_backup(copy):
        whole_backup.put_back(copy, root, identity, force=force, only_check=check)
        return
    database = root / Path(load(config).store.path).absolute().relative_to("/")
    if check:
        check_copy(copy)
        typer.echo(f"{copy}: ok")
        return
    aside = put_back(copy, database, utc_now(), force=force)
    typer.echo(f"{database}: {copy}" + (f"; 前のもの / the one before: {aside}" if aside else ""))


def _copy(target: Path, keep: int, config: Path | None, *, force: bool) -> None:
    database, now = Path(load(config).store.path), utc_now()
    if keep and target.is_file():
        raise typer.BadParameter(f"{target} is a file; --keep needs a folder", param_hint="--keep")
    if keep:
        _make(target)
    path = target / copies.file_name(now) if target.is_dir() else target
    copies.save(database, path, force=force)
    old = copies.trim(target, keep) if keep else []
    typer.echo(f"{path}: {path.stat().st_size:,} bytes, integrity ok; {len(old)} deleted")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}") from None
