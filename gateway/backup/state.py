"""What the last backup and the last drill gave, for the page and the doctor.

Owns their two rows in the table of settings. Must not judge their age.
"""

from datetime import datetime

import msgspec
from msgspec import Struct

from gateway.store import Reader, Transaction
from gateway.store.setting_keys import SettingKey


class BackupResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When it was tried, and what came of it: `wrong` is empty when all was well."""

    at: datetime
    wrong: str = ""
    name: str = ""  # of the backup
    size: int = 0
    events: int = 0  # of the database in it, counted by the drill
    photos: int = 0
    well_at: datetime | None = None  # the last time that all was well


def note(tx: Transaction, key: SettingKey, result: BackupResult) -> None:
    """Keep a result; a failed one keeps the time of the last good one."""
    row = tx.execute("SELECT value FROM setting WHERE key = ?", (key.value,)).fetchone()
    before = _parsed(str(row[0])) if row else None
    well_at = result.at if not result.wrong else before.well_at if before else None
    tx.put_setting(
        key, msgspec.json.encode(msgspec.structs.replace(result, well_at=well_at)).decode()
    )


def last(reader: Reader, key: SettingKey) -> BackupResult | None:
    """The last result, or None."""
    text = reader.setting(key)
    return _parsed(text) if text else None


def _parsed(text: str) -> BackupResult | None:
    try:
        return msgspec.json.decode(text, type=BackupResult)
    except msgspec.MsgspecError:
        return None
