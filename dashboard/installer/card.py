"""Data of the installer's page about the machine itself: how long its card lasts, its backup and the drill.

Owns what is read for that part. Must not measure nor reckon (`gateway.metrics`).
"""

from msgspec import Struct

from gateway.backup.state import BackupResult, last
from gateway.metrics.card_life import AMPLIFICATION, CardLife, Written, forecast
from gateway.metrics.written import stored
from gateway.store import Reader
from gateway.store.setting_keys import SettingKey


class Card(Struct, frozen=True):
    """What was written, and the forecast."""

    written: Written
    life: CardLife
    endurance_tb: float
    amplification: float = AMPLIFICATION


class WholeBackups(Struct, frozen=True):
    """What the last backup of the whole gateway and the last drill gave; None: never."""

    backup: BackupResult | None
    drill: BackupResult | None


def read_backups(reader: Reader) -> WholeBackups:
    """Both results."""
    return WholeBackups(last(reader, SettingKey.BACKUP), last(reader, SettingKey.DRILL))


def read_card(reader: Reader, endurance_tb: float) -> Card | None:
    """The card's forecast; None before the first hour is measured."""
    written = stored(reader)
    return Card(written, forecast(written, endurance_tb), endurance_tb) if written else None
