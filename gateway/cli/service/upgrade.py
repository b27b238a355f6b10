"""`shishigaki upgrade` and `rollback`: another version of the program, tried before it is trusted.

Owns the commands and what people read. The work is a unit of systemd that outlives the terminal
(`gateway.upgrade`).
"""

import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from msgspec import Struct

from gateway.cli.options import Config, ConfigFile, load, takes
from gateway.config import ConfigError
from gateway.ingest.messages.decoding import Sources
from gateway.store import Store
from gateway.upgrade import settings_copy
from gateway.upgrade.beginning import UpgradeError, alone, begin, begin_return, first_state
from gateway.upgrade.bundle import Bundle, read
from gateway.upgrade.host import SystemHost, run, unit_state
from gateway.upgrade.layout import CURRENT, PREVIOUS, Layout, remove
from gateway.upgrade.manifest import Machine, environment_id
from gateway.upgrade.phases import Ended, Patience, Phase, UpgradeResult, UpgradeState
from gateway.upgrade.signature import PublicKey, public_keys
from gateway.upgrade.state_file import StateFiles
from gateway.upgrade.steps import Upgrading
from gateway.upgrade.trying import TrialEye, page_error
from gateway.version import program_version

LAYOUT = Layout(Path("/opt/shishigaki"))
FILES = StateFiles(LAYOUT.upgrade)
KEYS = Path("/etc/shishigaki/release.pub")
UNIT = "shishigaki-upgrade.service"
FOLLOW_S = 1.0
CONFIG = Path("/etc/shishigaki/config.toml")
SETTLE_S, LIMIT_S = Patience().settle_s, Patience().limit_s
PHASES = {
    Phase.UNPACKING: "新しい版を横に入れています / installing it beside the present one, which runs on",
    Phase.REHEARSING: "データの写しで試しています / it opens a copy of the data",
    Phase.STOPPING: "止めて控えを取っています / stopping; copying data and settings",
    Phase.SWITCHING: "切り替えています / switching",
    Phase.TRYING: "新しい版を見守っています / the new version runs and is watched",
    Phase.ACCEPTING: "良いと認めています / accepting",
    Phase.RETURNING: "前の版とデータに戻しています / returning to the earlier version and its data",
    Phase.ABANDONING: "片づけています / clearing up",
}
RESULTS = {
    UpgradeResult.ACCEPTED: "今の版は {new} です / {new} is in use",
    UpgradeResult.RETURNED: "{old} に戻しました / back at {old}",
    UpgradeResult.ABANDONED: "何も変えていません。版は {old} のまま / nothing was changed; {old} is in use",
}
Settle = Annotated[
    float, typer.Option(min=5, help="良いと認めるまで見守る秒数 / seconds it is watched")
]
Limit = Annotated[
    float,
    typer.Option(min=10, help="これまでに良くなければ戻す秒数 / seconds until it must be good"),
]


class UpgradeOptions(Struct, frozen=True):
    """The options of `upgrade`; the hidden ones are for its units and for the program before."""

    file: Annotated[Path | None, typer.Argument(help="更新ファイル / the bundle")] = None
    check: Annotated[
        bool, typer.Option("--check", help="調べるだけで何も変えません / look only, change nothing")
    ] = False
    settle: Settle = SETTLE_S
    limit: Limit = LIMIT_S
    resume: Annotated[bool, typer.Option("--resume", hidden=True, help="続ける / go on")] = False
    after_crash: Annotated[bool, typer.Option("--after-crash", hidden=True, help="戻す / back")] = (
        False
    )
    rehearse: Annotated[Path | None, typer.Option(hidden=True, help="試す / try")] = None
    config: ConfigFile = None


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(upgrade)
    app.command()(rollback)


@takes(UpgradeOptions)
def upgrade(options: UpgradeOptions) -> None:
    """署名のある更新ファイルを試し、良ければ使い、だめなら自動で戻します / upgrade, with a way back."""
    if options.rehearse:
        rehearse_on(options.rehearse, load(options.config))
    elif options.resume:
        go_on(settings(options.config or CONFIG), options.config or CONFIG)
    elif options.after_crash:
        return_after_crashes(options.config)
    elif options.check:
        show(options.file)
    elif options.file is None:
        raise typer.BadParameter("FILE か --check / FILE or --check", param_hint="FILE")
    else:
        begin_with(options.file, Patience(options.settle, options.limit))


def rollback(settle: Settle = SETTLE_S, limit: Limit = LIMIT_S) -> None:
    """一つ前の版に戻します。試用中なら試用をやめます / go back to the version before."""
    _need_root()
    with alone(FILES):
        state = FILES.load()
        upgrade = _back(Patience(settle, limit)) if state is None else _cancelled(state)
    _follow(upgrade)


def _cancelled(state: UpgradeState) -> str:
    """Leave the upgrade that is under way; its id."""
    if state.phase not in (Phase.UNPACKING, Phase.REHEARSING, Phase.TRYING):
        raise UpgradeError(f"{PHASES[state.phase]}: 終わるまで待ってください / wait for its end")
    FILES.cancel.touch()
    return state.upgrade


def _back(patience: Patience) -> str:
    """Begin the way to the version before; its id."""
    previous = LAYOUT.target(PREVIOUS)
    if not LAYOUT.is_whole(previous) or previous == LAYOUT.target(CURRENT):
        raise UpgradeError("前の版がありません / there is no version before this one")
    return _begin(previous, LAYOUT.about(previous).version, Phase.REHEARSING, patience)


def begin_with(file: Path, patience: Patience) -> None:
    """Check the bundle whole, then let the unit do the work, and say how it goes."""
    _need_root()
    with alone(FILES):
        upgrade = _forward(file, patience)
    if upgrade:
        _follow(upgrade)


def _forward(file: Path, patience: Patience) -> str:
    """Unpack a bundle and begin; the upgrade's id, "" when its version is in use already."""
    if (state := FILES.load()) is not None:
        raise UpgradeError(f"別の更新が進行中です / another upgrade is under way: {state.phase}")
    remove(LAYOUT.unpacked)
    LAYOUT.prune()
    bundle = read(file, _keys(), machine(), LAYOUT.unpacked)
    version = bundle.manifest.version
    new = environment_id(bundle.raw, machine().python)
    if new == LAYOUT.target(CURRENT):
        remove(LAYOUT.unpacked)
        typer.echo(f"{version}: もう使っています / is in use already")
        return ""
    return _begin(new, version, Phase.UNPACKING, patience)


def show(file: Path | None) -> None:
    """What a bundle is and whether it is taken; how the last upgrade ended."""
    typer.echo(f"今の版 / in use: {program_version()} ({LAYOUT.target(CURRENT) or '-'})")
    previous = LAYOUT.target(PREVIOUS)
    typer.echo(f"前の版 / before: {LAYOUT.about(previous).version if previous else '-'}")
    if (state := FILES.load()) is not None:
        typer.echo(f"進行中 / under way: {state.new_version}: {PHASES[state.phase]}")
    for ended in FILES.history()[-1:]:
        at = datetime.fromtimestamp(ended.ended_s, UTC)
        typer.echo(f"前回の更新 / last upgrade: {at:%Y-%m-%d %H:%M}Z {_told(ended)}")
    if file is not None:
        _show_bundle(read(file, _keys(), machine()))


def _show_bundle(bundle: Bundle) -> None:
    manifest = bundle.manifest
    size = sum(one.size_bytes for one in manifest.files.values()) >> 20
    typer.echo(
        f"{manifest.version} ({manifest.made:%Y-%m-%d}, {manifest.architecture}, {size} MB): "
        f"署名は正しい、入れられます / signed and fit for this machine: {bundle.comment}"
    )


def settings(path: Path) -> Config:
    """After a cut a trial's settings may be ones that only the new version reads: then those of before."""
    try:
        return load(path)
    except ConfigError:
        if (before := settings_copy.copy_of(LAYOUT.settings, path)) is None:
            raise
        return load(before)


def go_on(config: Config, path: Path) -> None:
    """The unit: do what the disk says, to the end."""
    eye = TrialEye(
        config,
        [topic for topic, qos in Sources(config.sources, config.site.name).subscriptions if qos],
        unit_state,
        FILES.cancel.exists,
    )
    host = SystemHost(
        LAYOUT,
        Path(config.store.path).resolve(),
        path,
        eye.try_out,
        lambda: not page_error(config),
    )
    ended = Upgrading(LAYOUT, FILES, host).run()
    if ended is not None:
        typer.echo(_told(ended))


def return_after_crashes(config: Path | None) -> None:
    """The service kept ending: back to the version before, unless that one is no better."""
    try:
        load(config)
    except ConfigError as error:  # no version runs with such settings
        typer.echo(f"設定を直してください / mend the settings; the version stays: {error}")
        return
    with alone(FILES):
        if FILES.load() is None and not begin_return(LAYOUT, FILES, time.time()):
            typer.echo("戻れる版がありません / no version to return to; it is started again")
            return
    run(["systemctl", "start", "--no-block", UNIT], 60.0)


def rehearse_on(copy: Path, config: Config) -> None:
    """Everything that this program needs to begin, on a copy of the data."""
    from gateway import app  # imported here: all parts of the service, which only this needs

    store = Store(copy, ZoneInfo(config.site.timezone))
    try:
        if store.salvaged:  # of a newer form of the file, which this program takes for damage
            raise UpgradeError(f"{copy}: {store.salvaged.fault}")
        events = len(store.read_now(lambda reader: reader.latest_events()))
    finally:
        store.close()
    typer.echo(f"{program_version()}: {app.__name__}, {events} events read")


def machine() -> Machine:
    """This machine and its present program."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Machine(
        platform.machine(), python, program_version(), LAYOUT.about(LAYOUT.target(CURRENT)).made
    )


def _begin(new: str, version: str, phase: Phase, patience: Patience) -> str:
    state = first_state(LAYOUT, new, version, phase, patience)
    begin(LAYOUT, FILES, state)
    run(["systemctl", "start", "--no-block", UNIT], 60.0)
    return state.upgrade


def _follow(upgrade: str) -> None:
    """Say each step until the end; Ctrl-C ends the telling, not the upgrade. Exit code 1: not accepted."""
    told: Phase | None = None
    while (state := FILES.load()) is not None:
        if state.phase is not told:
            told = state.phase
            typer.echo(f"{datetime.now(UTC):%H:%M:%S}Z {PHASES[told]}")
        time.sleep(FOLLOW_S)
    ended = next((one for one in FILES.history() if one.upgrade == upgrade), None)
    if ended is None:
        raise UpgradeError(
            "終わりの記録がありません / no record of its end: journalctl -u shishigaki-upgrade"
        )
    typer.echo(_told(ended))
    if ended.result is not UpgradeResult.ACCEPTED:
        raise typer.Exit(1)


def _told(ended: Ended) -> str:
    text = RESULTS[ended.result].format(old=ended.old_version, new=ended.new_version)
    if ended.reason:
        text += f" ({ended.reason})"
    if ended.messages:
        text += (
            f"; 試用中の {ended.messages} 件は読み直します / read again: {ended.messages} messages"
        )
    return text


def _keys() -> list[PublicKey]:
    try:
        return public_keys(KEYS.read_text(encoding="utf-8"))
    except OSError as error:
        raise UpgradeError(
            f"{KEYS}: {error.strerror}: 署名の公開鍵がありません / no pinned key; it comes with the first "
            "installation from a release"
        ) from None


def _need_root() -> None:
    if os.geteuid() != 0:
        raise UpgradeError("sudo を付けてください / needs root: sudo shishigaki upgrade ...")
    if not Path("/run/systemd/system").is_dir():
        raise UpgradeError("systemd が動いていません / systemd is not running here")
