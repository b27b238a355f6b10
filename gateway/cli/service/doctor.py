"""`shishigaki doctor`: checks everything that a gateway needs and prints what to do about each fault.

Owns the list of checks and their texts. Must not change anything nor disturb a running gateway.
"""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec
import typer
from msgspec import Struct

from dashboard.web import assets
from dashboard.web.auth import is_local
from gateway.alerts.open_channels import wrong_channels
from gateway.cli.options import AsJson, ConfigFile, load
from gateway.cli.service import public_address
from gateway.config import Config, ConfigError
from gateway.config.people import person_of
from gateway.domain.people.person import Person
from gateway.domain.traps.photo import Photo
from gateway.ingest.messages.decoding import Sources
from gateway.ingest.people import importing
from gateway.ingest.photos.files import PhotoFiles
from gateway.ingest.photos.keeping import folder
from gateway.mqtt.embedded_broker import is_free
from gateway.mqtt.link import ConnectionFailedError
from gateway.mqtt.probe import probe
from gateway.store.connection import WAL_LIMIT_BYTES, StoreError
from gateway.store.file import wal
from gateway.store.reader import Reader

SYNCHRONISED = Path("/run/systemd/timesync/synchronized")


class Check(Struct, frozen=True):
    """The result of one check."""

    name: str
    ok: bool
    told: str


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(doctor)


def doctor(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """設定・ディスク・時計・ブローカーなどを調べます / look at settings, disk, clock, broker …"""
    settings = load(config)
    found = [_run_check(name, check, settings) for name, check in CHECKS.items()]
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
    else:
        for one in found:
            typer.echo(f"{'✓' if one.ok else '✗'} {one.name}: {one.told}")
    if not all(one.ok for one in found):
        raise typer.Exit(1)


def _run_check(name: str, check: Callable[[Config], str], settings: Config) -> Check:
    try:
        return Check(name, True, check(settings))
    except (
        ConfigError,
        StoreError,
        ConnectionFailedError,
        OSError,
        assets.MissingAssetsError,
    ) as error:
        return Check(name, False, str(error))


def _sources(settings: Config) -> str:
    sources = Sources(settings.sources, settings.site.name, settings.models)
    return ", ".join(topic for topic, _ in sources.subscriptions)


def _people(settings: Config) -> str:
    people, since, sentence = _known_people(settings)
    if wrong := wrong_channels(people):
        raise ConfigError("; ".join(wrong))
    if sentence:
        raise ConfigError(sentence)
    known = {one.name for one in people} | {group for one in people for group in one.groups}
    if lost := {name for turns in settings.rota for name in turns.people} - known:
        raise ConfigError(f"rota: no such person or group: {', '.join(sorted(lost))}")
    told = sum(1 for person in people if person.channels)
    kept = f"、記録に {since:%Y-%m-%d} から / in the database since then" if since else ""
    if not told:
        return f"だれにも知らせません / nobody is told: shishigaki people add{kept}"
    return f"{told} 人 / people{kept}"


def _known_people(settings: Config) -> tuple[list[Person], datetime | None, str]:
    """Everybody, since when they are kept in the database, and what the file says otherwise."""
    path = Path(settings.store.path)
    if path.exists():
        with closing(Reader(path)) as reader:
            if reader.is_current() and (since := reader.people.since()):
                report = importing.file_report(reader, settings.people)
                return reader.people.all(), since, report.sentence(since)
    return [person_of(one) for one in settings.people], None, ""


def _database(settings: Config) -> str:
    path = Path(settings.store.path)
    if not path.exists():
        return f"{path}: まだありません。初回に作ります / will be made at the first start"
    devices = Reader(path).devices()
    if (log := wal.size(path.resolve())) > WAL_LIMIT_BYTES:
        raise OSError(
            f"{path}-wal: {log:,} bytes; 読み続けているプログラムを終わらせてください / end the program that "
            f"keeps reading: {', '.join(wal.readers(path.resolve())) or 'unknown'}"
        )
    return f"{path}: {path.stat().st_size:,} bytes, -wal {log:,} bytes, {len(devices)} 台 / devices"


def _disk(settings: Config) -> str:
    free_mb = shutil.disk_usage(Path(settings.store.path).absolute().parent).free // 2**20
    if free_mb <= settings.store.disk_reserve_mb:
        raise OSError(
            f"空き {free_mb} MB は予備 {settings.store.disk_reserve_mb} MB 以下 / free space at reserve"
        )
    return f"空き / free {free_mb:,} MB"


def _clock(_: Config) -> str:
    if not Path("/run/systemd/timesync").exists():
        return "systemd-timesyncd がなく分かりません / unknown: no systemd-timesyncd here"
    if not SYNCHRONISED.exists():
        raise OSError("まだ合っていません。通信か RTC を確かめてください / not synchronised yet")
    return "合っています / synchronised"


def _broker(settings: Config) -> str:
    filters = [topic for topic, _ in Sources(settings.sources, settings.site.name).subscriptions]
    where = f"{settings.mqtt.host}:{settings.mqtt.port}"
    if wrong := asyncio.run(probe(settings.mqtt, filters)):
        raise OSError(f"{where}: {wrong}")
    return f"{where} に接続できます / answers"


def _pages(settings: Config) -> str:
    assets.check()
    port = settings.dashboard.port
    taken = "使用中(動作中なら正常) / in use, right if the gateway runs"
    return f"port {port}: {'空き / free' if is_free(port) else taken}"


def _login(settings: Config) -> str:
    """Whether anybody can log in, or pages are open without a login. Raises OSError if nobody can."""
    path, add = Path(settings.store.path), "shishigaki users add NAME --role admin"
    accounts, had = 0, False
    if path.exists():
        with closing(Reader(path)) as reader:
            if not reader.is_current():
                return f"{path}: 次の起動で新しい形になります / is migrated at the next start"
            accounts, had = len(reader.people.logins()), reader.people.had_logins()
    if accounts:
        return f"{accounts} 人が入れます / people may log in"
    if had or not is_local(settings.dashboard):
        raise OSError(f"だれも入れません / nobody can log in: {add}")
    return (
        "この装置からはログインなしで読めます。最初の一人を登録すると閉じます / reading is open without "
        f"a login at this machine until somebody is registered: {add}"
    )


def _photos(settings: Config) -> str:
    """Whether the file of every kept photo is there and as it was kept."""
    path, files = Path(settings.store.path), PhotoFiles(folder(settings))
    photos: list[Photo] = []
    if path.exists():
        with closing(Reader(path)) as reader:
            if reader.is_current():
                photos = reader.photos.all()
    kept = {photo.kept_sha256: photo.kept_bytes for photo in photos}
    lost = [one for one in kept if files.read(one) is None]
    if lost:
        raise OSError(
            f"{files.folder}: {len(lost)} / {len(kept)} 枚がないか変わっています。写しから戻してください "
            f"/ missing or changed: copy them back, {lost[0][:16]}…"
        )
    used_mb = sum(kept.values()) // 1_000_000
    return f"{len(kept)} 枚 / photos, {used_mb} / {settings.photos.budget_mb} MB"


CHECKS: dict[str, Callable[[Config], str]] = {
    "機器 / sources": _sources,
    "連絡先 / people": _people,
    "記録 / database": _database,
    "写真 / photos": _photos,
    "ディスク / disk": _disk,
    "時計 / clock": _clock,
    "ブローカー / broker": _broker,
    "画面 / pages": _pages,
    "ログイン / login": _login,
    "住所 / address": lambda settings: public_address.look(settings.dashboard.public_url),
}
