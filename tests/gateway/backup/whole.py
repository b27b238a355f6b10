"""A gateway with everything that belongs to one, in a private root, for tests of its backup."""

import contextlib
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from gateway.backup import unpack
from gateway.backup.keys import IDENTITY, Keys, parsed, unwrapped
from gateway.backup.making import make
from gateway.backup.places import Places
from gateway.backup.putting_back import places_of, put_all_back, stage
from gateway.backup.storage import LOCK
from gateway.backup.unpack import wrapped_key
from gateway.config import load
from gateway.domain.model import Kind
from gateway.ingest.messages.batch import absorb
from gateway.store import Store
from gateway.store.reader import Reader
from tests.support.samples import CAMERA, TOKYO, TRAP, at, decode, message, reading

NOW = datetime(2026, 11, 29, 3, 47, tzinfo=UTC)
PASSPHRASE = "ten goats climb the wall"
EVENTS = 300


@cache
def made_keys() -> dict[str, bytes]:
    """The files of one pair of keys for PASSPHRASE: making one takes a second or more, on purpose."""
    with tempfile.TemporaryDirectory() as text:
        Keys(Path(text)).make(PASSPHRASE)
        return {path.name: path.read_bytes() for path in Path(text).iterdir()}


class WholeGateway:
    """Settings, secrets, the broker's files, a database with events, a photo; and what must stay out."""

    def __init__(self, folder: Path, broker: Path | None = None, more: str = "") -> None:
        self.folder = folder
        self.settings_file = folder / "etc/config.toml"
        self.data, self.broker = folder / "data", broker or folder / "mosquitto"
        for one in (
            folder / "etc/secrets",
            self.data / "trap-photos/incoming",
            self.broker / "certs",
        ):
            one.mkdir(parents=True, exist_ok=True)
        self._write_settings(more)
        self._write_files()
        if broker is None:
            self._write_broker()
        self._write_events()
        self.keys = Keys(folder / "etc/secrets")
        for name, data in made_keys().items():
            (self.keys.folder / name).write_bytes(data)

    def _write_settings(self, more: str) -> None:
        self.settings_file.write_text(
            f"""
            [site]
            name = "goto"
            [store]
            path = "{self.data / "gateway.db"}"
            disk_reserve_mb = 0
            [broker]
            folder = "{self.broker}"
            {more}
            """
        )

    def _write_files(self) -> None:
        secret = self.folder / "etc/secrets/mqtt_password"
        secret.write_text("secret of the gateway")
        secret.chmod(0o600)
        (self.data / "area.geojson").write_text("{}")
        (self.data / "trap-photos/aa.jpg").write_bytes(b"\xff\xd8 a photo")
        (self.data / "trap-photos/incoming/half").write_bytes(b"arriving")
        (self.data / "backup").mkdir()
        (self.data / "backup/old.db").write_bytes(b"an older copy")

    def _write_broker(self) -> None:
        (self.broker / "shishigaki.passwd").write_text("trap-01:$7$hash\n")
        (self.broker / "certs/shishigaki-ca.crt").write_text("a certificate")
        (self.broker / "mosquitto.db").write_bytes(b"the broker's own")

    def _write_events(self) -> None:
        store = Store(self.data / "gateway.db", TOKYO)
        beats = [message(reading("trap-01", Kind.HEARTBEAT, n, seq=n)) for n in range(EVENTS)]
        store.write_now(lambda tx: tx.put_devices([TRAP, CAMERA]))
        store.write_now(lambda tx: absorb(tx, beats, decode, at(EVENTS)))
        store.close()

    @property
    def places(self) -> Places:
        return Places(self.settings_file, load(self.settings_file, {}))

    def backup(self, into: Path) -> Path:
        """A backup in the folder `into`."""
        into.mkdir(parents=True, exist_ok=True)
        return make(self.places, self.keys, into, NOW)


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder; of the database its rows, as its bytes differ."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != LOCK
    }


def restored(made: Path, root: Path, passphrase: str = "", **more: object) -> Places:
    """Onto the card mounted at `root`; without a passphrase with the key itself, which is faster."""
    identity = parsed(made_keys()[IDENTITY].decode())
    if passphrase:
        identity = unwrapped(wrapped_key(made), passphrase)
    with stage(root / "var", "staged") as folder:
        opened = unpack.unpack(made, folder, [identity])
        places = places_of(opened, root)
        put_all_back(opened, places, NOW, **more)  # type: ignore[arg-type]
    return places


def events_of(database: Path) -> int:
    with contextlib.closing(Reader(database)) as reader:
        return reader.influx.head()
