"""Documents and program agree: each command runs with each option that a document names."""

import shutil
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.domain.errors import ShishigakiError
from tests.architecture.documented_commands import (
    every,
    leaves,
    named_in,
    options_of,
    pairs,
    wrong,
)
from tests.dashboard.maps.pack import island
from tests.gateway.ingest.files.packages import files
from tests.gateway.ingest.files.reports import HEAD, MAP, ROW
from tests.gateway.ingest.messages.held import native, receive
from tests.support.samples import open_store

PASSWORD = "ながいあいことば2026"
LIST = "id,role,name,lat,lon\ntrap-01,trap,三井楽,32.75,128.69\ncam-01,detector,岐宿,32.72,128.75\n"
SETTINGS = '[site]\nname = "goto"\ntimezone = "Asia/Tokyo"\n[mqtt]\nport = 1\n'
EVENT = '{"v":1,"id":"a-1","boot":1,"seq":1,"kind":"trap.sprung"}'
TOPIC = "wildlife/v1/goto/trap-01/event"

# They run until they are ended, or talk with other programs: what they do is tested elsewhere.
NOT_RUN = (
    "run",
    "demo",
    "watch",
    "simulate",
    "evaluate",
    "record",
    "replay",
    "influx setup",
    "influx backfill",
    "influx verify",
    "setup",
    "upgrade",
    "rollback",
    "devices try",
    "region enrol",
    "region revoke",
    "region rebuild",
    "region verify",
    "region migrate",
    "region hub",
    "region users add",
    "region users list",
    "region users remove",
    "region export",
    "region doctor",
    "region join",
    "region parent",
    "region enrol-hub",
)
DAMAGE = "被害日,作物,獣種,被害面積,緯度,経度\n2026-10-01,水稲,イノシシ,300,32.7,128.8\n"
DAMAGE_MAP = """title = "被害"
species = "boar"
[columns]
date = "被害日"
crop = "作物"
lat = "緯度"
lon = "経度"
"""
IMPORT = "0123456789ab"
ARGUMENTS: Mapping[str, list[str]] = {  # what a command cannot do without
    "alerts test": ["--person", "hana"],
    "backup": ["copies"],
    "decode": ["--dialect", "native", "--topic", TOPIC, "event.json"],
    "devices approve": ["trap-99"],
    "devices enrol": ["trap-01"],
    "doctor": ["-c", "site.toml"],
    "devices import": ["list.csv"],
    "devices try": ["trap-01.json"],
    "devices revoke": ["cam-01"],
    "evaluate": ["tiny:1"],
    "export camtrapdp": ["--out", "package-out"],
    "export csv": ["--out", "out.csv"],
    "export geojson": ["--out", "out.geojson"],
    "import camtrapdp": ["package"],
    "import csv": ["sightings.csv", "--map", "map.toml"],
    "import damage": ["damage.csv"],
    "import undo": [IMPORT],
    "map": ["--out", "map.html"],
    "map pack": ["--out", "map.zip", "--credit", "nobody", "--layer", "roads=roads.geojson"],
    "mesh": ["32.7", "128.8"],
    "people add": ["taro"],
    "people change": ["hana"],
    "people remove": ["taro-2"],
    "people show": ["hana"],
    "region enrol": ["iki", "--database", "postgresql://hub"],
    "region migrate": ["--database", "postgresql://hub"],
    "region doctor": ["--database", "postgresql://hub"],
    "region export": ["--organisation", "prefecture", "--out", "months"],
    "region join": ["goto.txt"],
    "region parent": ["nagasaki.txt"],
    "region enrol-hub": ["nagasaki", "--database", "postgresql://hub"],
    "region rebuild": ["--database", "postgresql://hub"],
    "region users add": ["mori", "--database", "postgresql://hub", "--organisation", "pref"],
    "region users list": ["--database", "postgresql://hub"],
    "region users remove": ["mori", "--database", "postgresql://hub"],
    "region revoke": ["iki", "--database", "postgresql://hub"],
    "record": ["field.jsonl"],
    "replay": ["field.jsonl"],
    "restore": ["copy.db", "--force"],
    "sessions revoke": ["--all"],
    "tokens add": ["prometheus"],
    "tokens revoke": ["qgis"],
    "users add": ["taro"],
    "users qr": ["hana"],
    "users remove": ["taro-3"],
}
VALUES: Mapping[str, str] = {  # a value of each option that takes one
    "--settle": "30",
    "--limit": "300",
    "--accept-days": "3",
    "--against": "year",
    "--area": "岐宿",
    "--band": "2000",
    "--box": "128.7,32.6,128.8,32.7",
    "--by": "mesh5km",
    "--datum": "wgs84",
    "--days": "30",
    "--device": "trap-99",
    "--for": "esphome",
    "--from": "2026-01-01",
    "--identity": "secrets/backup_identity",
    "--input": "reed",
    "--keep": "14",
    "--kind": "trap.sprung",
    "--map": "damage.toml",
    "--model": "milesight-ws301",
    "--month": "2026-10",
    "--months": "3",
    "--near-m": "500",
    "--only": "links",
    "--organisation": "prefecture",
    "--out": "report.pdf",
    "--person": "hana",
    "--place": "trap-01",
    "--pmtiles": "town.pmtiles",
    "--prefix": "2025-",
    "--reason": "unknown_device",
    "--role": "viewer",
    "--root": "/",
    "--scope": "devices",
    "--serial": "4A",
    "--species": "boar",
    "--title": "壱岐市",
    "--to": "2026-11-01",
}
OTHER = {("devices enrol", "--role"): "trap"}  # where an option's value is another one
ALSO: Mapping[tuple[str, str], list[str]] = {  # what must stand beside an option
    ("backup", "--all"): ["-c", "site.toml"],
    ("backup", "--drill"): ["-c", "site.toml"],
    ("backup", "--new-key"): ["-c", "site.toml"],
    **{("export camtrapdp", one): ["--exact"] for one in ("--captures", "--pictures")},
}
INSTEAD = {("sessions revoke", "--person"): "--all"}  # an option that takes another's place
EXPECTED = {"doctor": 1}  # exit codes other than 0: no broker listens at port 1


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of two devices and people, and a file of each kind that is imported."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "list.csv").write_text(LIST, encoding="utf-8")
    (folder / "event.json").write_text(EVENT, encoding="utf-8")
    (folder / "map.toml").write_text(MAP, encoding="utf-8")
    (folder / "sightings.csv").write_text(f"{HEAD}{ROW}\n", encoding="utf-8")
    (folder / "damage.csv").write_text(DAMAGE, encoding="utf-8")
    (folder / "damage.toml").write_text(DAMAGE_MAP, encoding="utf-8")
    island.files(folder)
    island.pmtiles(folder / "town.pmtiles", island.TILE, 32.67, 128.75)
    (folder / "package").mkdir()
    for name, data in files().items():
        (folder / "package" / name).write_bytes(data)
    (folder / "site.toml").write_text(SETTINGS, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        enter(patch, folder)
        patch.setattr("gateway.broker.enrolment.new_passphrase", lambda: PASSWORD)
        patch.setattr("gateway.ingest.files.undo.token_hex", lambda _: IMPORT)
        (folder / "mosquitto").mkdir()
        for command in (
            ["broker", "setup"],
            ["devices", "import", "list.csv"],
            ["people", "add", "hana", "--role", "admin"],
            ["people", "add", "taro-2"],
            ["users", "add", "taro-3"],
            ["import", "camtrapdp", "package"],
            ["tokens", "add", "qgis", "--scope", "devices"],
            ["backup", "copy.db"],
            ["backup", "--new-key", "-c", "site.toml"],
            ["backup", "--all", "-c", "site.toml"],
        ):
            assert invoke(*command).exit_code == 0, command
        with closing(open_store(folder)) as store:
            receive(store, native("trap-99", "trap.sprung", 1))
    return folder


def enter(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make the folder the present one, and its database that of every command."""
    patch.setattr("pyrage.passphrase.encrypt", lambda data, _: data)  # else a second of work each
    patch.chdir(folder)
    patch.setenv("SHISHIGAKI_STORE__PATH", str(folder / "test.db"))
    patch.setenv("SHISHIGAKI_BROKER__FOLDER", str(folder / "mosquitto"))
    patch.setenv("SHISHIGAKI_BROKER__PID_FILE", str(folder / "no-pid"))
    patch.setenv("SHISHIGAKI_MQTT__PASSWORD", PASSWORD)


def invoke(*arguments: str) -> Result:
    """Run the program; passwords come from standard input."""
    return CliRunner().invoke(app, list(arguments), input=f"{PASSWORD}\n{PASSWORD}\n")


def arguments_of(command: str, option: str) -> list[str]:
    """The arguments of a call of the command with the option."""
    given = [one for one in ARGUMENTS.get(command, []) if one != INSTEAD.get((command, option))]
    if not option or option in given:
        return given
    if option in {"-c", "--config"}:
        return [*given, option, "site.toml"]
    value = [] if is_flag(command, option) else [OTHER.get((command, option), VALUES[option])]
    return [*given, *ALSO.get((command, option), []), option, *value]


def is_flag(command: str, option: str) -> bool:
    """Whether an option takes no value."""
    return bool(getattr(options_of(command)[option], "is_flag", False))


RUN = [one for one in pairs() if one[0] not in NOT_RUN]


def test_what_documents_say_of_commands_and_options_is_true() -> None:
    named = every()
    assert len(named) > 60
    assert [text for one in named for text in wrong(one)] == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("`shishigaki export geojson --out F --exact`", "export geojson has no --exact"),
        (
            "`shishigaki sessions list\\|revoke [--all]`",
            "sessions list | sessions revoke has no --all",
        ),
        ("shishigaki doctor --loud", "doctor has no --loud"),
    ],
)
def test_control_an_option_that_a_command_does_not_take_is_found(text: str, what: str) -> None:
    assert [fault for one in named_in(text, "x") for fault in wrong(one)] == [f"x: {what}"]


def test_control_a_command_that_does_not_exist_is_found() -> None:
    with pytest.raises(KeyError, match="devices forget"):
        list(named_in("`shishigaki devices forget ID`", "x"))


@pytest.mark.parametrize(("command", "option"), RUN, ids=str)
def test_a_documented_call_runs(
    command: str, option: str, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "site"
    shutil.copytree(site, folder)
    enter(monkeypatch, folder)
    done = invoke(*command.split(), *arguments_of(command, option))
    allowed = done.exception is None or isinstance(done.exception, SystemExit | ShishigakiError)
    assert allowed, done.exception
    assert done.exit_code == EXPECTED.get(command, 0), (done.output, done.exception)


@pytest.mark.parametrize(
    ("command", "option"), [one for one in pairs() if one[0] in NOT_RUN], ids=str
)
def test_a_documented_call_of_a_lasting_command_is_understood(command: str, option: str) -> None:
    values = {
        "--port": "8001",
        "--speed": "60",
        "--data": "folder",
        "--count": "1",
        "--seed": "1",
        "--seconds": "1",
    }
    given = [*ARGUMENTS.get(command, []), *([option] if option else [])]
    if option and not is_flag(command, option):
        given.append(values.get(option) or VALUES.get(option, "site.toml"))
    if command == "run" and option in {"-c", "--config"}:
        given[-1] = str(Path(__file__))  # any file that exists: it is not opened here
    leaves()[command].make_context(command, given)
