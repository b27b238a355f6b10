"""The nightly copies: there, recent, and with room for the next one.

Owns how old the newest may be. Must not make a copy.
"""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.backup.drill import key_folder
from gateway.backup.keys import Keys
from gateway.backup.putting_back import mark_of
from gateway.backup.state import BackupResult, last
from gateway.doctor.case import Case
from gateway.doctor.finding import Finding, fault, unknown, well
from gateway.store.setting_keys import SettingKey

OLDEST = timedelta(hours=36)  # a night may be missed, not two
MAKE = "sudo systemctl start shishigaki-backup"
TIMER = "etc/systemd/system/timers.target.wants/shishigaki-backup.timer"
OLDEST_DRILL = timedelta(days=40)
NO_KEYS = "doctor.no_whole_backup"
MAKE_ALL = "sudo systemctl start shishigaki-backup-all"
TRY = "sudo systemctl start shishigaki-drill"
MB = 2**20


def backups(case: Case) -> Finding:
    """Whether the newest copy is recent, the timer is on, and the next copy has room."""
    folder = case.data / "backup"
    if not case.database.exists():
        return unknown("doctor.no_database", path=str(case.database))
    if case.is_installed and not case.place(TIMER).is_symlink():
        return fault("doctor.no_timer", "sudo systemctl enable --now shishigaki-backup.timer")
    copies = sorted(folder.glob("shishigaki-*.db")) if folder.is_dir() else []
    if lacking := _lacking_mb(case.database, case.data):
        return fault("doctor.backup_no_room", _thin_out(copies), lacking=lacking)
    if not copies:
        return fault("doctor.no_backup", MAKE, folder=str(folder))
    made = datetime.fromtimestamp(copies[-1].stat().st_mtime, UTC)
    if case.now - made > OLDEST:
        return fault("doctor.backup_old", MAKE, day=f"{made:%Y-%m-%d}")
    return well("doctor.backup_well", count=len(copies), day=f"{made:%Y-%m-%d}")


def whole_backup(case: Case) -> Finding:
    """Whether the backup of the whole gateway is made each night; unknown until there is a passphrase."""
    if unfinished := _unfinished(case):
        return unfinished
    found = _result(case, SettingKey.BACKUP)
    if found is None:
        has_keys = _has_keys(case)
        return fault("doctor.whole_backup_never", MAKE_ALL) if has_keys else unknown(NO_KEYS)
    if found.wrong:
        return fault("doctor.whole_backup_failed", MAKE_ALL, why=found.wrong)
    if case.now - found.at > OLDEST:
        return fault("doctor.whole_backup_old", MAKE_ALL, day=f"{found.at:%Y-%m-%d}")
    return well("doctor.whole_backup_well", day=f"{found.at:%Y-%m-%d}", mb=max(1, found.size // MB))


def drill(case: Case) -> Finding:
    """Whether the monthly drill has restored a backup."""
    found = _result(case, SettingKey.DRILL)
    if found is None:
        return unknown("doctor.drill_never" if _has_keys(case) else NO_KEYS)
    if found.wrong:
        return fault("doctor.drill_failed", TRY, why=found.wrong)
    if case.now - found.at > OLDEST_DRILL:
        return fault("doctor.drill_old", TRY, day=f"{found.at:%Y-%m-%d}")
    return well("doctor.drill_well", day=f"{found.at:%Y-%m-%d}", events=found.events)


def _unfinished(case: Case) -> Finding | None:
    """A restore that was killed."""
    if not mark_of(case.data).exists():
        return None
    return fault("doctor.restore_unfinished", "sudo shishigaki restore FILE")


def _has_keys(case: Case) -> bool:
    """Whether somebody has chosen a passphrase; False where we may not look."""
    settings_file = case.config_file or Path("/etc/shishigaki/config.toml")
    try:
        return Keys(key_folder(case.config, settings_file)).exist
    except PermissionError:
        return False


def _result(case: Case, key: SettingKey) -> BackupResult | None:
    with case.reader() as reader:
        return last(reader, key) if reader else None


def _lacking_mb(database: Path, folder: Path) -> int:
    """MB that the next copy would lack; 0 where it has room."""
    needed, free = database.stat().st_size, shutil.disk_usage(folder).free
    return -(-(needed - free) // MB) if needed > free else 0


def _thin_out(copies: list[Path]) -> str:
    """Delete the oldest copies; the newest two stay."""
    old = " ".join(str(one) for one in copies[:-2])
    return f"sudo rm {old}" if old else "sudo apt-get clean && sudo journalctl --vacuum-size=50M"
