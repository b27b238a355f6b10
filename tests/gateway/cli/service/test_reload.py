"""SIGHUP: what can be used at once is used, the rest is named, and a wrong file changes nothing."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.app import Gateway, build
from gateway.cli.service.reload import AT_ONCE, LiveSettings, changed_sections
from gateway.config import Config, load
from tests.support.samples import TRAP

BASE = '[site]\nname = "goto"\n'
OWN_MODEL = '[models.reed]\ntitle = "Reed"\nwhat = "door"\nfields = { door = "contact" }\n'


class Site:
    """A built gateway, and the file of its settings."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "site.toml"
        self._store = f'[store]\npath = "{folder / "test.db"}"\n'
        self.write("")
        self.gateway: Gateway = build(load(self.file))
        self.settings = LiveSettings(self.gateway, self.file)

    def write(self, text: str) -> None:
        self.file.write_text(f"{BASE}{self._store}{text}", encoding="utf-8")

    def read_again(self, text: str) -> None:
        self.write(text)
        self.settings.read_again()


@pytest.fixture
def site(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Site]:
    caplog.set_level(logging.INFO)
    site = Site(tmp_path)
    yield site
    site.gateway.store.close()


def test_thresholds_count_at_once_for_the_site_and_for_a_device(site: Site) -> None:
    site.read_again(
        "[rules]\nbattery_low_pct = 33\n"
        f'[[overrides]]\ndevices = ["{TRAP.id}"]\nlimits = {{ battery_low_pct = 44 }}\n'
    )
    assert site.gateway.policy.limits(None).battery_low_pct == 33
    assert site.gateway.policy.limits(TRAP).battery_low_pct == 44
    site.read_again("")
    assert site.gateway.policy.limits(TRAP) == Config().rules


def test_a_sensor_model_of_the_operator_is_known_at_once(site: Site) -> None:
    assert "reed" not in site.gateway.sources.models
    site.read_again(OWN_MODEL)
    assert "reed" in site.gateway.sources.models


def test_what_needs_a_restart_is_named_each_time(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        caplog.clear()
        site.read_again("[mqtt]\nport = 1\n[rules]\nweak_snr_db = -9.0\n")
        assert "used after a restart only: mqtt" in caplog.text
    assert "used at once: nothing changed" in caplog.text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[rules]\nbattery_low_pct = 'x'\n[mqtt]\nport = 1\n", "rules.battery_low_pct"),
        ("[mqtt\n", "site.toml"),
        ('[[overrides]]\ndevices = ["*"]\nlimits = { no_such = 1 }\n', "no_such"),
    ],
)
def test_settings_that_cannot_be_used_change_nothing_and_are_named(
    site: Site, caplog: pytest.LogCaptureFixture, text: str, why: str
) -> None:
    before = site.gateway.policy.limits(None)
    site.read_again(text)
    assert "the settings stay as they are" in caplog.text
    assert why in caplog.text
    assert site.gateway.policy.limits(None) is before


def test_every_section_is_used_at_once_or_named() -> None:
    assert set(AT_ONCE) < set(Config.__struct_fields__)
    assert changed_sections(Config(), Config()) == []
