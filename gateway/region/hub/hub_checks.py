"""What is wrong with a hub, and the command that mends it.

Owns the checks of database, certificates and receivers. Reads only; must not mend anything by itself.
"""

import socket
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from msgspec import Struct

from gateway.region.hub.database import Connection
from gateway.region.hub.migrations import done, remaining, steps

SOON = timedelta(days=30)
ANSWER_S = 5.0
_REPLICAS = "SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')"
_ARCHIVE = """
SELECT last_failed_wal IS NOT NULL AND (last_archived_time IS NULL OR last_failed_time > last_archived_time)
FROM pg_stat_archiver
"""
_ENDING = """
SELECT string_agg(id, ', ' ORDER BY id) FROM (
    SELECT o.id FROM region.certificate c JOIN region.organisation o ON o.no = c.town
    WHERE c.revoked_at IS NULL GROUP BY o.id HAVING max(c.expires_at) < now() + $1
) ending
"""
_SILENT = """
SELECT string_agg(o.id, ', ' ORDER BY o.id) FROM region.town t JOIN region.organisation o ON o.no = t.no
WHERE t.heard_at IS NULL OR t.heard_at < now() - make_interval(secs => $1)
"""
_SLOTS = "SELECT string_agg(slot_name, ', ') FROM pg_replication_slots WHERE NOT active"


class HubFinding(Struct, frozen=True):
    """One check: what was found, and what to do about it ("" : nothing)."""

    name: str
    text: str
    mend: str = ""


async def check_database(
    connection: Connection, replicas: int, silent_after_s: float
) -> list[HubFinding]:
    """Tables, replicas, backup and towns, as the owner of the tables sees them."""
    known = dict(await done(connection))
    due = ", ".join(step.name for step in remaining(steps(), known))
    if due:
        return [HubFinding("表 / tables", due, "shishigaki-region migrate")]
    standing = int(await connection.fetchval(_REPLICAS))
    failing = bool(await connection.fetchval(_ARCHIVE))
    slots = await connection.fetchval(_SLOTS)
    ending = await connection.fetchval(_ENDING, SOON)
    silent = await connection.fetchval(_SILENT, float(silent_after_s))
    return [
        HubFinding("表 / tables", "この版 / of this version"),
        _told(
            "控えの機械 / replicas",
            standing >= replicas,
            f"{standing}/{replicas}",
            MENDS["replica"],
        ),
        _told(
            "記録の退避 / archive", not failing, "失敗 / fails" if failing else "", MENDS["archive"]
        ),
        _told("離れた機械 / nodes away", not slots, slots or "", MENDS["replica"]),
        _told("町の証明書 / certificates of towns", not ending, ending or "", MENDS["enrol"]),
        _told("届かない町 / silent towns", not silent, silent or "", MENDS["silent"]),
    ]


MENDS = {
    "replica": "patronictl -c /etc/patroni/config.yml list; systemctl restart etcd patroni",
    "archive": "systemctl start shishigaki-region-backup@full; journalctl -u shishigaki-region-backup@full",
    "enrol": "shishigaki-region enrol TOWN --out FILE",
    "silent": "その町に電話し、町で shishigaki doctor / call the town; there: shishigaki doctor",
    "certificate": "setup.sh prepare, setup.sh install",
    "receiver": "systemctl restart shishigaki-receiver@receiver1 shishigaki-receiver@receiver2",
}


def check_certificates(folder: Path, now: datetime) -> list[HubFinding]:
    """Until when the hub's own certificates hold."""
    found = []
    for name in ("uplink.pem", "pages.pem", "node.crt", "towns.ca"):
        path = folder / name
        try:
            until = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
        except (OSError, ValueError) as error:
            found.append(HubFinding(name, str(error), MENDS["certificate"]))
            continue
        found.append(_told(name, until > now + SOON, f"{until:%Y-%m-%d}", MENDS["certificate"]))
    return found


def check_receiver(listen: str) -> HubFinding:
    """Whether a receiver answers on its socket."""
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(ANSWER_S)
            link.connect(listen)
            link.sendall(b"GET /healthz HTTP/1.0\r\nHost: hub\r\n\r\n")
            answer = link.recv(200).decode("ascii", "replace").partition("\r\n")[0]
    except OSError as error:
        answer = str(error)
    return _told(
        f"受信 / receiver {Path(listen).stem}", " 200 " in answer, answer, MENDS["receiver"]
    )


def _told(name: str, well: bool, text: str, mend: str) -> HubFinding:
    return HubFinding(name, text or "ok", "" if well else mend)
