"""The container file and compose.yaml: their syntax and what they name, without a container engine."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.config import load
from tests.deploy.folder import DEPLOY

yaml = pytest.importorskip("yaml")
FOLDER = DEPLOY / "container"
INSTRUCTIONS = {
    *("FROM", "COPY", "RUN", "ENV", "USER", "WORKDIR", "VOLUME", "EXPOSE", "STOPSIGNAL"),
    *("HEALTHCHECK", "ENTRYPOINT", "CMD"),
}
OF_A_SERVICE = {
    *("image", "build", "command", "user", "restart", "ports", "volumes", "read_only", "cap_drop"),
    *("security_opt", "mem_limit", "stop_grace_period", "depends_on", "environment", "secrets"),
    "tmpfs",
}
IN_A_BUNDLE = {"wheels": "", "config.example.toml": "config.example.toml"}


def instructions(text: str) -> list[tuple[str, str]]:
    """(name, the rest) of each instruction, its lines joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    return [(line.split()[0], line.partition(" ")[2]) for line in joined.splitlines()]


CONTAINERFILE = (FOLDER / "Containerfile").read_text()


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    return found


def test_every_instruction_is_one_and_begins_with_its_base() -> None:
    found = instructions(CONTAINERFILE)
    assert {name for name, _ in found} <= INSTRUCTIONS
    assert found[0][0] == "FROM"
    assert [name for name, _ in found].count("ENTRYPOINT") == 1


def test_control_a_misspelled_instruction_is_found() -> None:
    found = instructions(CONTAINERFILE.replace("WORKDIR", "WORKDIRS"))
    assert not {name for name, _ in found} <= INSTRUCTIONS


def test_what_is_copied_is_in_a_bundle_and_the_shell_of_each_step_is_sound() -> None:
    for name, rest in instructions(CONTAINERFILE):
        if name == "COPY" and "--from" not in rest:
            source = rest.split()[0]
            assert source in IN_A_BUNDLE
            assert not IN_A_BUNDLE[source] or (DEPLOY / IN_A_BUNDLE[source]).exists()
        if name == "RUN":
            assert subprocess.run(["sh", "-n", "-c", rest], timeout=10).returncode == 0


def test_the_last_image_runs_as_nobody_special() -> None:
    users = [rest for name, rest in instructions(CONTAINERFILE) if name == "USER"]
    assert users == ["shishigaki"]


def test_compose_names_what_there_is() -> None:
    whole = compose()
    assert set(whole) == {"name", "services", "secrets", "volumes"}
    for name, service in whole["services"].items():
        assert set(service) <= OF_A_SERVICE, name
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert set(service.get("secrets", ())) <= set(whole["secrets"])
        assert set(service.get("depends_on", ())) <= set(whole["services"])
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            there = (
                (FOLDER / source).exists() if source.startswith(".") else source in whole["volumes"]
            )
            assert there, volume
    build = whole["services"]["gateway"]["build"]
    assert (FOLDER / build["context"] / build["dockerfile"]).resolve() == FOLDER / "Containerfile"
    assert re.search(r":\d+\.\d+\.\d+$", whole["services"]["broker"]["image"])


def test_the_environment_of_the_gateway_is_read_by_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in compose()["services"]["gateway"]["environment"].items():
        if value.startswith("/run/secrets/"):
            value = str(tmp_path / Path(value).name)
            Path(value).write_text("s" * 32)
        monkeypatch.setenv(name, value)
    config = load(DEPLOY / "config.example.toml")
    assert (config.mqtt.host, config.mqtt.port, config.mqtt.password) == ("broker", 1884, "s" * 32)
    assert config.dashboard.host == "0.0.0.0"
    ports = [port.rsplit(":", 1)[1] for port in compose()["services"]["gateway"]["ports"]]
    assert ports == [str(config.dashboard.port)]


def test_the_brokers_settings_are_those_of_a_board() -> None:
    def lines(path: Path) -> set[str]:
        kept = (line.strip() for line in path.read_text().splitlines())
        return {line for line in kept if line and not line.startswith("#")}

    board, container = lines(DEPLOY / "mosquitto/shishigaki.conf"), lines(FOLDER / "mosquitto.conf")
    assert board - container == {"listener 1884 127.0.0.1"}
    assert container - board == {
        "listener 1884",
        "log_dest stdout",
        "persistence_location /mosquitto/data/",
    }


def judged(file: Path) -> str:
    """What the schema of the Compose Specification says against a file; "" when it is right."""
    pytest.importorskip("check_jsonschema", reason="make .venv/installed")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, file], capture_output=True, text=True, timeout=60)
    return done.stdout if done.returncode else ""


def test_the_compose_specification_accepts_the_file(tmp_path: Path) -> None:
    assert judged(FOLDER / "compose.yaml") == ""
    wrong = tmp_path / "compose.yaml"
    text = (FOLDER / "compose.yaml").read_text()
    wrong.write_text(text.replace("read_only:", "readonly:"))
    assert "readonly" in judged(wrong), "control"
