"""A long history in a database, so that a benchmark of writing meets the pages of an old site.

Owns plain rows for the tables that a heartbeat touches. Must not judge.
"""

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw

HOUR_MS = 3_600_000


def fill(database: Path, devices: int, days: int, heartbeat: timedelta) -> None:
    """Heartbeats of `days` of each device, in order of time, and the effort of their hours and days."""
    now_ms = int(datetime.now(UTC).timestamp() * 1_000)
    first_ms, step_ms = now_ms - days * 24 * HOUR_MS, heartbeat // timedelta(milliseconds=1)
    with contextlib.closing(apsw.Connection(str(database))) as connection, connection:
        connection.execute(
            f"""
            WITH RECURSIVE turn(t) AS (SELECT {first_ms} UNION ALL SELECT t + {step_ms} FROM turn
                WHERE t + {2 * step_ms} < {now_ms})
            INSERT INTO event (id, device, kind, observed_ms, received_ms, quality, device_ms, boot, seq,
                distinct_, facts)
            SELECT printf('%012X%04d%010d', t, no, t / {step_ms}), no, 'heartbeat',
                t + no * {step_ms // devices}, t + no * {step_ms // devices}, 'device',
                t + no * {step_ms // devices}, 3, t / {step_ms} % 100000, 0,
                CAST('{{"battery_v":3.61,"battery_pct":83.0,"rssi_dbm":-88.0,"snr_db":7.5}}' AS BLOB)
            FROM turn CROSS JOIN device ORDER BY 4
            """
        )
        for unit, length_ms in (("hour", HOUR_MS), ("day", 24 * HOUR_MS)):
            connection.execute(
                f"""
                INSERT OR IGNORE INTO effort_{unit} SELECT DISTINCT device, observed_ms / {length_ms},
                    {length_ms}, 0 FROM event ORDER BY 1, 2
                """
            )
