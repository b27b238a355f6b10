"""A report about a replaced database file, for the program that opens the new file next.

Owns the report and where it is stored: a command may have salvaged the file, and the gateway that alerts
people starts later. Must not decide how long it is shown.
"""

from datetime import datetime

import apsw
import msgspec
from msgspec import Struct

from gateway.store.setting_keys import SettingKey


class FileReport(Struct, frozen=True):
    """What was done with a broken, deleted or replaced file."""

    at: datetime
    fault: str
    folder: str  # where the file lies now
    rows: dict[str, int]  # salvaged, by table; empty when nothing was lost
    holes: int  # damaged ranges that were skipped


def remember(target: apsw.Connection, report: FileReport) -> None:
    """Store the report in the new file."""
    row = (SettingKey.FILE_REPORT, msgspec.json.encode(report).decode())
    target.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", row)


def remembered(connection: apsw.Connection) -> FileReport | None:
    """The report stored in the file; None when there is none, or it cannot be read."""
    row = connection.execute(
        "SELECT value FROM setting WHERE key = ?", (SettingKey.FILE_REPORT,)
    ).fetchone()
    try:
        return msgspec.json.decode(row[0], type=FileReport) if row else None
    except msgspec.MsgspecError:
        return None
