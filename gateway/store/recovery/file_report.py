"""What became of a database file, told to whoever opens the new one next.

Owns the report and its place in the file: the program that salvaged may be a command, and the gateway that
tells people starts later. Must not decide how long it is news.
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
    """Leave the report in the new file."""
    row = (SettingKey.FILE_REPORT, msgspec.json.encode(report).decode())
    target.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", row)


def remembered(connection: apsw.Connection) -> FileReport | None:
    """The report that was left in the file; None when there is none that can be read."""
    row = connection.execute(
        "SELECT value FROM setting WHERE key = ?", (SettingKey.FILE_REPORT,)
    ).fetchone()
    try:
        return msgspec.json.decode(row[0], type=FileReport) if row else None
    except msgspec.MsgspecError:
        return None
