"""Breakages of an installed gateway as data: how each is done, and what the doctor must name first.

Owns the table. Each is mended by nothing but the command that the doctor gives.
"""

from dataclasses import dataclass

CONFIG = "/etc/shishigaki/config.toml"
SECRETS = "/etc/shishigaki/secrets"
DATA = "/var/lib/shishigaki"
DB = f"{DATA}/shishigaki.db"
MOSQUITTO = "/etc/mosquitto"
CONF = f"{MOSQUITTO}/conf.d/shishigaki.conf"
ACL = f"{MOSQUITTO}/shishigaki.acl"
RELOAD = "systemctl reload mosquitto"
PASSWD = f"{MOSQUITTO}/shishigaki.passwd"
CHANGE = "shishigaki people change taro --channels"
NO_FOREIGN = "systemctl stop foreign; shishigaki setup --port 8000"
PYTHON = "/opt/shishigaki/current/bin/python"
DD = f"dd if=/dev/{{}} of={DB} {{}} conv=notrunc"
ARCHIVES = "/var/cache/apt/archives"
OWN = "setpriv --reuid=shishigaki --regid=shishigaki --init-groups"
# The data and apt's downloads on a small disk of their own.
SMALL = f"""
systemctl stop shishigaki
mkdir -p /small; mount -t tmpfs -o %s,mode=755 small /small
cp -a {DATA} /small/data; mkdir -p /small/archives
mount --bind /small/data {DATA}; mount --bind /small/archives {ARCHIVES}
systemctl start shishigaki
"""
LARGE_AGAIN = f"""
systemctl stop shishigaki; umount {ARCHIVES} {DATA} /small; systemctl start shishigaki
"""
FOREIGN = (  # until it listens
    "systemctl stop shishigaki; systemd-run --quiet --unit=foreign "
    f"{PYTHON} -m http.server 8000 --bind 0.0.0.0; "
    "timeout 60 sh -c 'until grep -q \":1F40 00000000:0000 0A\" /proc/net/tcp; do sleep 0.1; done'"
)


@dataclass(frozen=True)
class Breakage:
    """One breakage. `typed`: what a person types into the command; `after`: takes its leavings away."""

    name: str
    check: str  # what the doctor names first
    break_it: str
    typed: str = ""
    after: str = ""


def settings_lines() -> tuple[Breakage, ...]:
    """Mistakes in the settings file, in its rights and in the secrets."""
    return (
        Breakage("an unknown setting", "settings", f"echo 'nonsense = 1' >>{CONFIG}"),
        Breakage(
            "a value that is not allowed", "settings", f"sed -i 's/^port = 1884/port = 0/' {CONFIG}"
        ),
        Breakage("no TOML", "settings", f"echo '[[[' >>{CONFIG}"),
        Breakage("settings deleted", "settings", f"rm {CONFIG}"),
        Breakage("settings only for root", "settings", f"chown root: {CONFIG}; chmod 600 {CONFIG}"),
        Breakage("the broker's secret deleted", "settings", f"rm {SECRETS}/mqtt_password"),
        Breakage("the pages' secret deleted", "settings", f"rm {SECRETS}/dashboard_secret"),
        Breakage("secrets that everybody reads", "settings", f"chmod -R a+rX {SECRETS}"),
        Breakage("a rota with an unknown name", "people", ROTA, after=f"cp -p /root/good {CONFIG}"),
    )


ROTA = (
    f"cp -p {CONFIG} /root/good; "
    f"printf '[[rota]]\\npeople = [\"ghost\"]\\nsince = 2026-01-01\\n' >>{CONFIG}"
)


def disk() -> tuple[Breakage, ...]:
    """The disk, its owner, its room, and the clock."""
    return (
        Breakage("the database belongs to root", "mount", f"chown root: {DB}"),
        Breakage("the folder belongs to root", "mount", f"chown root: {DATA}"),
        Breakage(
            "a disk that can only be read",
            "mount",
            SMALL % "size=800M" + f"systemctl stop shishigaki; mount -o remount,ro {DATA}",
            after=LARGE_AGAIN,
        ),
        Breakage(
            "a full disk",
            "room",
            SMALL % "size=400M" + f"fallocate -l 300M {ARCHIVES}/big.deb",
            after=LARGE_AGAIN,
        ),
        Breakage(
            "no more files",
            "room",
            SMALL % "size=800M,nr_inodes=3000"
            + f"for n in $(seq 1 2700); do : >{ARCHIVES}/p$n.deb; done",
            after=LARGE_AGAIN,
        ),
        Breakage("the clock's service is off", "clock", CLOCK_OFF),
        Breakage("the clock is not set", "clock", "rm /run/systemd/timesync/synchronized"),
    )


CLOCK_OFF = "systemctl disable --quiet --now systemd-timesyncd; rm -rf /run/systemd/timesync"


LINKS_ARE_USED = (
    f"import apsw; c = apsw.Connection('{DB}'); c.execute('update sign_in_link set used_ms = 1')"
)
# A database of 3 MB (free pages), three copies of it, and 1.5 MB free on their disk.
GROW = (
    f"import apsw; c = apsw.Connection('{DB}'); c.execute('create table f(b)'); "
    "c.execute('insert into f values(zeroblob(3000000))'); c.execute('drop table f'); "
    "c.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)"
)
NO_ROOM = (
    SMALL % "size=24M"
    + f"systemctl stop shishigaki; cp -p {CONFIG} /root/good; "
    + f"sed -i 's/^#disk_reserve_mb.*/disk_reserve_mb = 0/' {CONFIG}; "
    + f'{OWN} {PYTHON} -c "{GROW}"; '
    + f"for n in 1 2 3; do {OWN} cp {DB} {DATA}/backup/shishigaki-2026010${{n}}T000000Z.db; done; "
    + f"{OWN} sh -c 'cat /dev/zero >{DATA}/filler' || true; truncate -s -1500K {DATA}/filler; "
    + "systemctl start shishigaki"
)


def database() -> tuple[Breakage, ...]:
    """The database and its copies."""
    stop = "systemctl stop shishigaki; "
    return (
        Breakage(
            "a broken header",
            "database",
            stop + DD.format("zero", "bs=16 count=1"),
        ),
        Breakage(
            "a broken page",
            "database",
            stop + DD.format("urandom", "bs=4096 seek=3 count=2"),
        ),
        Breakage("no copy", "backups", f"rm {DATA}/backup/*"),
        Breakage("an old copy", "backups", f"touch -d '3 days ago' {DATA}/backup/*"),
        Breakage(
            "no nightly copy", "backups", "systemctl disable --quiet --now shishigaki-backup.timer"
        ),
        Breakage(
            "a copy that does not fit",
            "backups",
            NO_ROOM,
            after=LARGE_AGAIN + f"cp -p /root/good {CONFIG}; systemctl restart shishigaki",
        ),
    )


RESTART_BROKER = "systemctl restart mosquitto || true"


def broker() -> tuple[Breakage, ...]:
    """The broker and its configuration."""
    return (
        Breakage("the broker is stopped", "broker", "systemctl stop mosquitto"),
        Breakage(
            "the gateway's password is another",
            "broker",
            f"sed -i '/^shishigaki.gateway:/d' {PASSWD}; {RELOAD}",
        ),
        Breakage(
            "nonsense in its configuration", "broker", f"echo nonsense >>{CONF}; {RESTART_BROKER}"
        ),
        Breakage("no password file", "broker", f"rm {PASSWD}; {RESTART_BROKER}"),
        Breakage(
            "no listener for the gateway",
            "broker",
            f"sed -i '/^listener 1884/d' {CONF}; {RESTART_BROKER}",
        ),
        Breakage(
            "no listener for sensors",
            "sensors_port",
            f"sed -i '/^listener 8883/,$d' {CONF}; {RESTART_BROKER}",
        ),
    )


def access_rules() -> tuple[Breakage, ...]:
    """Who may connect, and write or hear what."""
    return (
        Breakage(
            "anybody may connect",
            "broker_rights",
            f"sed -i 's/^allow_anonymous.*/allow_anonymous true/' {CONF}; {RESTART_BROKER}",
        ),
        Breakage(
            "rules of another site", "broker_site", f"sed -i 's#/goto/#/oku/#' {ACL}; {RELOAD}"
        ),
        Breakage(
            "every site may be written",
            "broker_site",
            f"sed -i 's#v1/goto/#v1/+/#' {ACL}; {RELOAD}",
        ),
        Breakage("no rules", "broker_site", f"rm {ACL}"),
        Breakage(
            "the gateway hears nothing",
            "broker_rights",
            f"sed -i '/^topic read #/d' {ACL}; {RELOAD}",
        ),
        Breakage(
            "the gateway may write anything",
            "broker_rights",
            f"sed -i 's/^topic write shishigaki.*/topic write #/' {ACL}; {RELOAD}",
        ),
    )


def service() -> tuple[Breakage, ...]:
    """The service, its port, its start, and people."""
    return (
        Breakage("the gateway is stopped", "pages", "systemctl stop shishigaki"),
        Breakage("the gateway hangs", "pages", "systemctl kill -s STOP --kill-who=main shishigaki"),
        Breakage(
            "another program at port 8000",
            "pages",
            FOREIGN,
            after=NO_FOREIGN,
        ),
        Breakage(
            "the gateway does not start at boot", "at_boot", "systemctl disable --quiet shishigaki"
        ),
        Breakage(
            "the broker does not start at boot", "at_boot", "systemctl disable --quiet mosquitto"
        ),
        Breakage(
            "nobody can log in",
            "login",
            f'shishigaki sessions revoke --all >/dev/null; {PYTHON} -c "{LINKS_ARE_USED}"',
        ),
        Breakage(
            "nobody is told",
            "people",
            f"{CHANGE} </dev/null",
            typed="{channel}\n",
        ),
        Breakage(
            "a channel that nobody answers",
            "channels",
            f"echo ntfy://127.0.0.1:2599/x | {CHANGE}",
            typed="{channel}\n",
        ),
    )


BREAKAGES = (*settings_lines(), *disk(), *database(), *broker(), *access_rules(), *service())
