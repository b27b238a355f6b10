"""The commands on the whole gateway in one file: `backup --all`, `--new-key`, `--drill`, and its `restore`.

Owns what is asked and printed, and that each result is kept for the page and the doctor. The passphrase comes
from a question or standard input, never from the command line.
"""

import logging
from contextlib import closing
from pathlib import Path

import typer
from msgspec.structs import replace

from gateway.backup.drill import drill, key_folder
from gateway.backup.errors import BackupError
from gateway.backup.keys import Keys, invented, parsed, unwrapped
from gateway.backup.making import make
from gateway.backup.places import Places
from gateway.backup.putting_back import places_of, put_all_back, stage
from gateway.backup.state import BackupResult, note
from gateway.backup.storage import BackupStorage
from gateway.backup.unpack import is_whole_backup, unpack, wrapped_key
from gateway.cli.options import Config, hidden_answer, load, open_store
from gateway.clock import utc_now
from gateway.config.environment import PREFIX
from gateway.store.connection import StoreError
from gateway.store.setting_keys import SettingKey

__all__ = ["choose_passphrase", "is_whole_backup", "make_backup", "put_back", "run_drill"]

log = logging.getLogger(__name__)
DATA = Path("var/lib/shishigaki")  # on any card
STAGE = ".restoring"
NEXT = "次に / next: sudo systemctl restart mosquitto shishigaki && sudo shishigaki doctor"


def choose_passphrase(config: Path | None) -> None:
    """Make the keys; with an empty answer the passphrase is invented and shown once."""
    settings = load(config)
    keys = Keys(key_folder(settings, _file(config)))
    given = _passphrase(confirm=True)
    passphrase = given or invented()
    keys.replace(passphrase)
    if not given:
        typer.echo(
            f"合言葉。紙に書いて、機械とは別の所に / passphrase, write it on paper: {passphrase}"
        )
    typer.echo(f"{keys.folder}: 鍵を作りました / the keys are made: sudo shishigaki backup --all")


def make_backup(config: Path | None, target: Path | None) -> None:
    """Make one, send it where it belongs, delete the oldest; the result is kept."""
    settings, now = load(config), utc_now()
    if target is not None:
        settings = replace(settings, backup=replace(settings.backup, target=str(target)))
    places, storage = Places(_file(config), settings), _storage(settings)
    name, size = "", 0
    try:
        with storage.prepared():
            made = make(places, Keys(key_folder(settings, _file(config))), storage.folder, now)
            name, size = made.name, made.stat().st_size
            storage.bring(made)
            old = storage.trim()
    except (BackupError, StoreError) as error:
        _note(settings, SettingKey.BACKUP, BackupResult(at=now, wrong=str(error)[:300], name=name))
        raise
    _note(settings, SettingKey.BACKUP, BackupResult(at=now, name=name, size=size))
    where = settings.backup.target or storage.folder
    typer.echo(f"{where}: {name}, {size:,} bytes; {len(old)} deleted")


def run_drill(config: Path | None) -> None:
    """Restore the newest backup into a temporary place and look at it; the result is kept."""
    settings, now = load(config), utc_now()
    keys = Keys(key_folder(settings, _file(config)))
    found = drill(
        _storage(settings), Path(settings.store.path).absolute().parent, keys.identity(), now
    )
    _note(settings, SettingKey.DRILL, found)
    if found.wrong:
        raise BackupError(f"{found.name}: {found.wrong}".removeprefix(": "))
    typer.echo(f"{found.name}: {found.events:,} 件 / events, {found.photos} 枚 / photos, ok")


def put_back(
    path: Path, root: Path, identity: Path | None, *, force: bool, only_check: bool
) -> None:
    """Open, check, and put everything into its place below `root`."""
    keys = [
        parsed(identity.read_text()) if identity else unwrapped(wrapped_key(path), _passphrase())
    ]
    with stage(root / DATA, STAGE) as folder:
        opened = unpack(path, folder, keys)
        about = opened.about
        told = f"{about.title or about.site}, {about.made_at:%Y-%m-%d %H:%M} UTC, Shishigaki {about.program}"
        if only_check:
            typer.echo(f"{path}: {told}: {len(opened.entries)} files, ok")
            return
        kept = put_all_back(opened, places_of(opened, root), utc_now(), force=force)
    for aside in kept:
        typer.echo(f"前のもの / the one before: {aside}")
    typer.echo(
        f"{told}: {len(opened.entries)} 個のファイルを戻しました / files are put back. {NEXT}"
    )


def _storage(settings: Config) -> BackupStorage:
    folder = Path(settings.store.path).absolute().parent / "backup-all"
    return BackupStorage(settings.backup, settings.site.name, folder)


def _file(config: Path | None) -> Path:
    if config is None:
        raise BackupError(f"--config FILE ({PREFIX}CONFIG): 設定ファイルが要ります / is needed")
    return config


def _note(settings: Config, key: SettingKey, result: BackupResult) -> None:
    """A result that cannot be kept must not hide what went wrong."""
    if not Path(settings.store.path).exists():
        return
    try:
        with closing(open_store(settings)) as store:
            store.write_now(lambda tx: note(tx, key, result))
    except StoreError as error:
        log.warning("the result is not kept: %s", error)


def _passphrase(*, confirm: bool = False) -> str:
    return hidden_answer("控えの合言葉 / passphrase of the backup", confirm=confirm)
