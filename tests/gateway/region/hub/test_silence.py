"""A silent town is the only thing that a hub finds out by itself, and /healthz and /metrics say it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.region.hub.service import listening_socket
from gateway.region.hub.settings import HubSettingsError, ParentSettings, load_settings
from gateway.region.hub.silence import HeardTown, silent
from tests.support.region.hub import running_hub

NOW = datetime(2026, 11, 29, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_town_is_silent_after_the_time_set_and_a_new_one_from_its_enrolment_on() -> None:
    towns = [
        HeardTown("heard", NOW - HOUR, NOW - 9 * HOUR),
        HeardTown("silent", NOW - 2 * HOUR, NOW - 9 * HOUR),
        HeardTown("new", None, NOW - HOUR),
        HeardTown("never", None, NOW - 9 * HOUR),
    ]
    assert silent(towns, NOW, HOUR) == ["silent", "never"]


async def _pages(url: str) -> tuple[object, str]:
    async with running_hub(url) as hub:
        town = await hub.enrol("aso")
        await hub.enrol("oguni", "B2")
        await hub.owner.execute(
            "UPDATE region.organisation SET made_at = now() - interval '9 days'"
        )
        await town.send(town.block())
        async with hub.http.get(f"{hub.url}/healthz") as response:
            health = await response.json()
        async with hub.http.get(f"{hub.url}/metrics") as response:
            return health, await response.text()


@pytest.mark.long
@pytest.mark.real
def test_the_health_page_and_the_metrics_name_the_silent_town(region: str) -> None:
    health, metrics = asyncio.run(_pages(region))
    assert health == {"status": "silent towns", "silent": ["oguni"]}
    assert "shishigaki_hub_silent_towns 1.0" in metrics
    assert 'shishigaki_hub_heard_timestamp_seconds{town="aso"}' in metrics
    assert 'shishigaki_hub_answers_total{status="200"} 1.0' in metrics


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("listen = '127.0.0.1:1'", "database"),
        ("database = 'x'\nconnections = 1", "connections"),
        ("database = 'x'\nlisten = 'nowhere'", "listen"),
        ("database = 'x'\nunknown = 1", "unknown"),
        ("database =", "TOML"),
        ("database = 'x'\n[parent]\nurl = 'https://nation.example'", "town"),
        ("database = 'x'\n[parent]\nurl = 'nation.example'\ntown = 'pref'", "url"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(
    tmp_path: Path, text: str, named: str
) -> None:
    file = tmp_path / "hub.toml"
    file.write_text(text)
    with pytest.raises(HubSettingsError, match=named):
        load_settings(file)


def test_a_hub_one_level_up_is_named_in_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_text("database = 'x'\n[parent]\nurl = 'https://nation.example'\ntown = 'pref'\n")
    parent = load_settings(file).parent
    assert parent == ParentSettings(url="https://nation.example", town="pref")


def test_a_unix_socket_is_the_hubs_and_the_proxys_only(tmp_path: Path) -> None:
    path = tmp_path / "hub.sock"
    for _ in range(2):  # the second one takes the place of what a killed hub left
        listening_socket(str(path)).close()
    assert path.stat().st_mode & 0o777 == 0o660
    with pytest.raises(HubSettingsError, match="listen"):
        listening_socket(str(tmp_path / "no" / "folder"))
