"""The table of checks, in the order of causes: what stands first explains what stands below.

To add one: a function of a case that gives a finding in a module of `checks/`, its row here, its title
`check.NAME` and its texts `doctor.…` in both files of `gateway/words/` (`ja-doctor.json`, `en-doctor.json`),
and a breakage that it names first in the tests.
"""

from gateway.doctor.check import Check
from gateway.doctor.checks.backups import backups, drill, whole_backup
from gateway.doctor.checks.board import supply, temperature
from gateway.doctor.checks.broker import broker, broker_rights, broker_site, sensors_port
from gateway.doctor.checks.certificates import certificates
from gateway.doctor.checks.clock import clock
from gateway.doctor.checks.database import database, photos
from gateway.doctor.checks.disk import mount, room, wear
from gateway.doctor.checks.influx import influx
from gateway.doctor.checks.people import channels, login, people
from gateway.doctor.checks.sensors_door import accounts, certificate_names, plain_door
from gateway.doctor.checks.service import address, at_boot, missed, pages
from gateway.doctor.checks.settings import settings, sources
from gateway.doctor.checks.version import version

REPAIR = "sudo shishigaki setup --repair"
RESTART = "sudo systemctl restart shishigaki"

CHECKS: tuple[Check, ...] = (
    Check("settings", settings, "sudo nano /etc/shishigaki/config.toml"),
    Check("mount", mount, REPAIR, ("settings",)),
    Check("room", room, "df -h", ("settings", "mount")),
    Check("wear", wear, RESTART, ("settings",)),
    Check("supply", supply, RESTART),
    Check("temperature", temperature, RESTART),
    Check("clock", clock, "timedatectl"),
    Check("database", database, RESTART, ("settings", "mount")),
    Check("photos", photos, RESTART, ("settings", "database")),
    Check("broker", broker, "sudo systemctl restart mosquitto", ("settings",)),
    Check("sensors_port", sensors_port, "sudo systemctl restart mosquitto", ("settings", "broker")),
    Check("broker_site", broker_site, "sudo shishigaki broker setup", ("settings",)),
    Check(
        "broker_rights",
        broker_rights,
        "sudo shishigaki broker setup",
        ("settings", "broker", "broker_site"),
    ),
    Check("certificates", certificates, REPAIR, ("settings",)),
    Check("certificate_names", certificate_names, "sudo shishigaki broker renew", ("settings",)),
    Check("accounts", accounts, "sudo shishigaki broker sync", ("settings", "database")),
    Check("plain_door", plain_door, REPAIR, ("settings",)),
    Check("sources", sources, "shishigaki dialects", ("settings",)),
    Check("pages", pages, RESTART, ("settings",)),
    Check("missed", missed, RESTART, ("settings", "pages")),
    Check("at_boot", at_boot, REPAIR),
    Check("login", login, "sudo shishigaki users first", ("settings", "database")),
    Check("people", people, "sudo shishigaki people list", ("settings", "database")),
    Check("channels", channels, "sudo shishigaki people list", ("settings", "database"), 90.0),
    Check("influx", influx, "sudo shishigaki influx setup", ("settings",), 60.0),
    Check("backups", backups, "sudo systemctl start shishigaki-backup", ("settings", "mount")),
    Check(
        "whole_backup",
        whole_backup,
        "sudo systemctl start shishigaki-backup-all",
        ("settings", "database"),
    ),
    Check("drill", drill, "sudo systemctl start shishigaki-drill", ("settings", "database")),
    Check("version", version, "sudo shishigaki upgrade --check"),
    Check("address", address, "sudo nano /etc/shishigaki/config.toml", ("settings",)),
)
