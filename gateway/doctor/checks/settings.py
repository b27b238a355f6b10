"""The settings: whether they can be read, and whether the service may read them.

Owns the search for a copy of settings that worked. Must not look at what the settings name.
"""

import os
import shlex
import stat
from pathlib import Path

from gateway.doctor.case import Case, service_ids
from gateway.doctor.finding import Finding, fault, well
from gateway.ingest.messages.decoding import Sources

SECRETS = "etc/shishigaki/secrets"
REPAIR = "sudo shishigaki setup --repair"
GOOD_COPY = ".good"  # shishigaki.service keeps the last settings that it started with


def settings(case: Case) -> Finding:
    """Whether every setting is known and possible."""
    file = case.config_file
    if case.config_error:
        is_secret = SECRETS in case.config_error  # the file that holds one
        command = REPAIR if is_secret else _bring_back(file)
        return fault("doctor.settings_wrong", command, why=case.config_error)
    if open_ones := _readable_secrets(case):
        return fault("doctor.secrets_open", REPAIR, files=", ".join(open_ones))
    if file and not _service_reads(file):
        own = f"sudo chown root:shishigaki {shlex.quote(str(file))}"
        return fault(
            "doctor.settings_unreadable", f"{own} && sudo chmod 640 {file}", file=str(file)
        )
    return well("doctor.settings_well", file=str(file or "-"))


def sources(case: Case) -> Finding:
    """Which topics are read."""
    config = case.config
    known = Sources(config.sources, config.site.name, config.models)
    return well("doctor.sources", topics=", ".join(topic for topic, _ in known.subscriptions))


def _bring_back(file: Path | None) -> str:
    if file is None:
        return "export SHISHIGAKI_CONFIG=/etc/shishigaki/config.toml"
    good = file.with_name(file.name + GOOD_COPY)
    if good.exists():
        return f"sudo cp -p {good} {file} && sudo systemctl restart shishigaki"
    return f"sudo nano {file}" if file.exists() else "sudo shishigaki setup --repair"


def _readable_secrets(case: Case) -> list[str]:
    """Files of secrets that others than root may read, and their folder if it is open."""
    folder = case.place(SECRETS)
    if not folder.is_dir():
        return []
    places = [folder, *(folder.iterdir() if os.access(folder, os.R_OK | os.X_OK) else ())]
    return [str(one) for one in places if one.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]


def _service_reads(file: Path) -> bool:
    """Whether user or group of the service may read it; True where there is no such user."""
    ids, found = service_ids(), file.stat()
    if ids is None or found.st_mode & stat.S_IROTH:
        return True
    own = found.st_uid == ids[0] and found.st_mode & stat.S_IRUSR
    group = found.st_gid == ids[1] and found.st_mode & stat.S_IRGRP
    return bool(own or group)
