"""The real Home Assistant beside the real gateway: what it shows is true, also when we are dead."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.domain.model import Device, Role
from gateway.domain.people.person import UserRole
from tests.dashboard.client import Client
from tests.faults.visitors.crowd import members
from tests.support.pace import slowness
from tests.support.servers import Mosquitto, free_port, wait_for
from tests.support.service import Sensor, Service, native

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
AWAY_S = 5.0  # from the kill to "unavailable"
READY_S = 20.0
TRAP = Device(id="trap-01", role=Role.TRAP, name="奥の罠")
CAMERA = Device(id="イノシシ 1", role=Role.DETECTOR, name="猪カメラ", dialect="native")
CAMERA_2 = Device(id="cam-01", role=Role.DETECTOR, name="沢のカメラ")
EXTRA = """
public_url = "https://yama.example"
[homeassistant]
enabled = true
"""
SPRUNG = "binary_sensor.shishigaki_goto_trap_01_sprung"
STATE = "sensor.shishigaki_goto_trap_01_state"
EVENT = "event.shishigaki_goto_cam_01_event"
URGENT = "binary_sensor.shishigaki_goto_urgent"
ALERTS = "sensor.shishigaki_goto_alerts"


def python() -> str:
    """A Python with Home Assistant, as `make test-clients` installs it; else the test is skipped."""
    found = os.environ.get("HOME_ASSISTANT_PYTHON") or str(
        ROOT / ".venv-clients" / "bin" / "python"
    )
    if not shutil.which(found):
        pytest.skip(f"{found} is not there: make test-clients (Home Assistant needs Python 3.13)")
    return found


def automations() -> str:
    """The automations as the document has them."""
    return (ROOT / "gateway" / "TOPICS.md").read_text().split("```yaml\n")[1].split("```")[0]


class HomeAssistant:
    """The child, and what it has told."""

    def __init__(self, folder: Path, broker_port: int) -> None:
        folder.mkdir()
        (folder / "automation.yaml").write_text(automations())
        self.notifications: list[str] = []
        self.lamp: list[str] = []
        self.states: dict[str, str] = {}
        self.attributes: dict[str, dict[str, Any]] = {}
        self._last_event: dict[str, str] = {}  # an entity shows the time of its last event
        self.fired: list[dict[str, Any]] = []  # attributes of each change of an event entity
        self.complaints: list[str] = []
        self.registries: list[dict[str, Any]] = []
        self.is_ready = False
        command = [python(), str(HERE / "home_assistant_child.py"), str(folder)]
        with (folder / "stderr").open("w") as errors:
            self._child = subprocess.Popen(
                [*command, str(broker_port), str(free_port())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self._child.stdout
        for line in self._child.stdout:
            if not line.startswith("{"):
                continue
            told = msgspec.json.decode(line)
            if "entity" in told:
                self._note(told["entity"], told["state"], told["attributes"])
            elif "notification" in told:
                self.notifications.append(told["notification"])
            elif "switch" in told:
                self.lamp.append(told["switch"])
            elif "log" in told:
                self.complaints.append(told["log"])
            elif "ready" in told:
                self.is_ready = told["ready"].endswith("LOADED") or "loaded" in told["ready"]
            else:
                self.registries.append(told)

    def _note(self, entity: str, state: str | None, attributes: dict[str, Any]) -> None:
        if state is None:
            self.states.pop(entity, None)
            return
        self.states[entity], self.attributes[entity] = state, attributes
        is_time = state not in {"unavailable", "unknown"}
        if entity.startswith("event.") and is_time and state != self._last_event.get(entity):
            self._last_event[entity] = state
            self.fired.append(attributes)

    def registry(self) -> dict[str, Any]:
        """Its devices and entities."""
        assert self._child.stdin
        asked = len(self.registries)
        self._child.stdin.write("?\n")
        self._child.stdin.flush()
        wait_for(lambda: len(self.registries) > asked, "the registries", READY_S)
        return self.registries[-1]

    def close(self) -> None:
        """Let it end."""
        assert self._child.stdin
        self._child.stdin.close()
        try:
            self._child.wait(30)
        except subprocess.TimeoutExpired:
            self._child.kill()
        self._thread.join()
        assert self._child.stdout
        self._child.stdout.close()


@pytest.fixture
def service(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Service]:
    service = Service(tmp_path / "gw", mosquitto.port, TRAP, CAMERA, CAMERA_2, extra=EXTRA)
    yield service
    service.kill()


@pytest.fixture
def home(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[HomeAssistant]:
    home = HomeAssistant(tmp_path / "ha", mosquitto.port)
    yield home
    home.close()


@pytest.fixture
def sensor(mosquitto: Mosquitto) -> Iterator[Sensor]:
    sensor = Sensor(mosquitto.port)
    yield sensor
    sensor.close()


def shows(home: HomeAssistant, entity: str, state: str, within_s: float = READY_S) -> float:
    """Wait until an entity shows something; after how many seconds."""
    began = time.monotonic()
    try:
        wait_for(lambda: home.states.get(entity) == state, f"{entity} to be {state}", within_s)
    except AssertionError as error:
        raise AssertionError(f"{error}; it shows {home.states}; {home.complaints}") from None
    return time.monotonic() - began


def see_a_deer(sensor: Sensor, seq: int) -> None:
    sensor.flush(sensor.send(*native("cam-01", "detection", seq, species="deer")))


def revoke(service: Service, cookie: str, device: str) -> None:
    client = Client(service.url)
    client.cookies["shishigaki_session"] = cookie
    headers = {"origin": "https://yama.example", "host": "yama.example"}
    answer = client.post("/pending/revoke", {"device": device}, headers=headers)
    assert answer.status_code in {200, 303}, answer.text


@pytest.mark.long
@pytest.mark.real
def test_what_home_assistant_shows_is_true_over_a_kill_and_a_revocation(
    service: Service, home: HomeAssistant, sensor: Sensor
) -> None:
    cookie = members(service, 1, role=UserRole.ADMIN)[0]
    wait_for(lambda: home.is_ready, "Home Assistant", READY_S)
    service.start()

    # Never heard: unknown. Then what the trap tells.
    shows(home, SPRUNG, "unknown")
    shows(home, EVENT, "unknown")
    sensor.flush(sensor.send(*native("trap-01", "trap.set", 1, battery_pct=80)))
    shows(home, SPRUNG, "off")
    sensor.flush(sensor.send(*native("trap-01", "trap.sprung", 2)))
    shows(home, SPRUNG, "on")
    shows(home, STATE, "sprung")
    shows(home, URGENT, "on")
    assert "sprung" in home.attributes[STATE]["options"]
    wait_for(lambda: home.lamp[-1:] == ["turn_on"], "the documented lamp", READY_S)

    # Two deer are two events.
    for seq in (1, 2):
        see_a_deer(sensor, seq)
        wait_for(lambda n=seq: deer_fired(home) == n, f"deer {seq}", READY_S)  # type: ignore[misc]

    wait_for(lambda: home.notifications == ["沢のカメラ"] * 2, "the documented messages", READY_S)

    # Devices belong to the gateway; ids of Japanese names are ours, and stay.
    told = home.registry()
    gateway = next(one for one in told["devices"] if one["ids"] == ["shishigaki_goto"])
    assert gateway["sw"]
    assert all(one["via"] == ["shishigaki_goto"] for one in told["devices"] if one is not gateway)
    ours = [one for one in told["entities"] if "shishigaki_goto" in one]
    assert ours == told["entities"]
    assert all(entity.isascii() for entity in ours)

    # Killed: everything is unavailable; back: as before, and nothing fires again.
    service.kill()
    waited = [
        shows(home, entity, "unavailable", AWAY_S) for entity in (SPRUNG, STATE, EVENT, URGENT)
    ]
    assert all(home.states[entity] == "unavailable" for entity in ours)
    service.start()
    shows(home, SPRUNG, "on")
    assert deer_fired(home) == 2

    # Revoked: nothing is left of the trap, nor of its alert.
    wait_for(lambda: service.log.count("connected to") == 2, "the gateway", READY_S)
    revoke(service, cookie, "trap-01")
    wait_for(
        lambda: not any("trap_01" in one for one in home.states), "the trap to be gone", READY_S
    )
    shows(home, URGENT, "off")
    wait_for(lambda: home.lamp[-1:] == ["turn_off"], "the documented lamp", READY_S)
    assert len(home.notifications) == 2
    assert home.attributes[ALERTS]["capture"] == 0
    assert not any("trap_01" in one for one in home.registry()["entities"])
    print(f"\nunavailable {sum(waited):.2f} s after the kill; {len(ours)} entities")
    assert sum(waited) < AWAY_S * slowness()
    assert home.complaints == []


def deer_fired(home: HomeAssistant) -> int:
    """How often an event entity has fired for a deer."""
    return sum(one.get("species") == "deer" for one in home.fired)
