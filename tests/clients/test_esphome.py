"""deploy/esphome and deploy/sirens: ESPHome itself accepts each recipe with the secrets of an enrolment.

ESPHome has an environment of its own (`make .venv-esphome/installed`, part of `make test-clients`).
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.broker.access import Use
from gateway.broker.certificates import new_authority
from gateway.broker.provisioning import Credentials, text
from gateway.clock import utc_now
from tests.deploy.folder import DEPLOY, ROOT

PROGRAM = ROOT / ".venv-esphome" / "bin" / "esphome"
RECIPES = ("esphome/trap.yaml", "esphome/detector.yaml", "sirens/esphome.yaml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recipes beside a secrets.yaml as `devices enrol --for esphome` prints it."""
    if not PROGRAM.exists():
        pytest.skip("ESPHome is not installed: make .venv-esphome/installed")
    made = tmp_path_factory.mktemp("esphome")
    authority = new_authority("goto", "passphrase", utc_now()).certificate.decode()
    given = Credentials("goto", "wana-01", "gsxkpz4sqda8qeurz5td9uha", "192.0.2.2", 8883, authority)
    for name in ("esphome", "sirens"):
        shutil.copytree(DEPLOY / name, made / name)
        filled = text(Use.ESPHOME, given).replace('wifi_ssid: ""', 'wifi_ssid: "yama"')
        filled = filled.replace('_password: ""', '_password: "of-the-wifi"')
        (made / name / "secrets.yaml").write_text(filled, encoding="utf-8")
    return made


def config(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, "config", path.name], cwd=path.parent, capture_output=True, text=True, timeout=300
    )


@pytest.mark.long
@pytest.mark.parametrize("recipe", RECIPES)
def test_esphome_accepts_the_recipe(folder: Path, recipe: str) -> None:
    done = config(folder / recipe)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Configuration is valid" in done.stdout + done.stderr


@pytest.mark.long
def test_control_a_misspelled_setting_is_refused(folder: Path) -> None:
    whole = folder / "esphome" / "trap.yaml"
    wrong = whole.with_name("wrong.yaml")
    wrong.write_text(
        whole.read_text().replace("wakeup_pin_mode", "wake_up_pin_mode"), encoding="utf-8"
    )
    done = config(wrong)
    assert done.returncode != 0
    assert "wake_up_pin_mode" in done.stdout + done.stderr
