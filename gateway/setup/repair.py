"""Puts right what the installation has set: owners, modes, secrets, the broker's files, the start at boot.

Owns which owner and mode each place has. Must not change a setting that a person chose, nor follow a link
that the service may have made.
"""

import base64
import contextlib
import os
import secrets
import shutil
from pathlib import Path

from gateway.doctor.case import service_ids
from gateway.setup.steps import OWN, need

DATA = Path("/var/lib/shishigaki")
EXAMPLE = Path("/opt/shishigaki/doc/config.example.toml")
SECRETS = ("mqtt_password", "dashboard_secret")
UNITS = (
    "mosquitto",
    "shishigaki",
    "shishigaki-backup.timer",
    "shishigaki-backup-all.timer",
    "shishigaki-drill.timer",
)


def put_right(config: Path) -> None:
    """Everything again as install.sh made it, then a restart. Raises ConfigError."""
    ids = service_ids()
    group = ids[1] if ids else 0
    _bring_back(config)
    _own(config.parent, 0, group, 0o750)
    _own(config, 0, group, 0o640)
    _make_secrets(config.parent / "secrets")
    if ids:
        give_data(ids)
    need([OWN, "broker", "setup"])
    need(["systemctl", "daemon-reload"])
    need(["systemctl", "enable", "--quiet", *UNITS])
    need(["systemctl", "restart", *UNITS])


def _bring_back(config: Path) -> None:
    """A settings file that is missing comes from the last that worked, else from the example."""
    if config.exists():
        return
    good = config.with_name(config.name + ".good")
    shutil.copyfile(good if good.exists() else EXAMPLE, config)


def _own(place: Path, user: int, group: int, mode: int) -> None:
    os.chown(place, user, group)
    place.chmod(mode)


def _make_secrets(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    _own(folder, 0, 0, 0o700)
    for name in SECRETS:
        file = folder / name
        file.touch(mode=0o600)
        if not file.stat().st_size:
            file.write_bytes(base64.b64encode(secrets.token_bytes(24)) + b"\n")
        _own(file, 0, 0, 0o600)


def give_data(ids: tuple[int, int]) -> None:
    """The data folder with everything in it belongs to the service.

    Each folder is entered by its descriptor: one that the service puts a link in place of leads nowhere else.
    """
    DATA.mkdir(mode=0o750, exist_ok=True)
    os.chown(DATA, *ids, follow_symlinks=False)
    for _, folders, files, here in os.fwalk(DATA):
        for name in (*folders, *files):
            with contextlib.suppress(FileNotFoundError):  # it has gone meanwhile
                os.chown(name, *ids, dir_fd=here, follow_symlinks=False)
