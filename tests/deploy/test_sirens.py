"""deploy/sirens and its account: recipes use topics that exist, and hear them at the shipped broker."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.broker.access import GATEWAY, Use
from gateway.mqtt.own_topics import names
from tests.deploy.folder import DEPLOY
from tests.support.servers import wait_for
from tests.support.shipped_broker import Client, ShippedBroker

RECIPES = ("esphome.yaml", "tasmota.txt")
SIREN, HUB = "siren-1", "homeassistant"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[ShippedBroker]:
    with ShippedBroker(tmp_path / "mosquitto") as broker:
        yield broker


def enrolled(broker: ShippedBroker, name: str, use: Use) -> Client:
    """A program with its own account, over TLS."""
    given = broker.accounts.enrol(name, use)
    return Client(broker.sensors, given.name, given.password, broker.authority)


def own_topics(text: str) -> set[str]:
    """The topics of ours that a recipe names."""
    return set(re.findall(r"shishigaki/v1/[\w{}/+-]+", text))


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_follows_the_sum_of_alerts_and_the_gateways_status(recipe: str) -> None:
    text = (DEPLOY / "sirens" / recipe).read_text(encoding="utf-8")
    assert own_topics(text) == {names.alerts("goto"), names.status("goto")}
    for word in ("unacknowledged", "urgent", "online", "offline"):
        assert word in text.lower()


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_writes_only_where_the_acl_lets_it(recipe: str) -> None:
    text = (DEPLOY / "sirens" / recipe).read_text(encoding="utf-8")
    assert f"{SIREN}.local\n" in text
    prefix = re.search(r"(?:topic_prefix:|FullTopic) (\S+)", text)
    assert prefix is not None
    assert prefix[1].startswith("siren/")


def test_the_guide_names_each_recipe_and_the_account() -> None:
    text = (DEPLOY / "sirens" / "README.md").read_text(encoding="utf-8")
    assert all(f"[{recipe}]({recipe})" in text for recipe in RECIPES)
    assert f"`{SIREN}.local`" in text


@pytest.mark.real
def test_at_the_shipped_broker_a_siren_hears_its_topics_only_and_says_nothing_of_ours(
    broker: ShippedBroker,
) -> None:
    gateway = broker.join(GATEWAY).subscribe("#")
    siren = enrolled(broker, SIREN, Use.SIREN).subscribe("#")
    received = [names.status("goto"), names.alerts("goto")]
    for topic in (names.alert("goto", "a1"), names.state("goto", "trap-01"), *received):
        gateway.publish(topic)
    wait_for(lambda: siren.topics()[-1:] == received[-1:], "the sum of alerts")
    assert siren.topics() == received
    for topic in (names.alerts("goto"), "wildlife/v1/goto/trap-01/event", "siren/siren-1/status"):
        siren.publish(topic, "from the siren")
    wait_for(lambda: "siren/siren-1/status" in gateway.topics(), "the siren's own word")
    assert [one for one, shown in gateway.got if shown == b"from the siren"] == [
        "siren/siren-1/status"
    ]
    gateway.close()
    siren.close()


@pytest.mark.real
def test_at_the_shipped_broker_home_assistant_hears_all_of_ours_and_writes_none_of_it(
    broker: ShippedBroker,
) -> None:
    gateway = broker.join(GATEWAY).subscribe("#")
    hub = enrolled(broker, HUB, Use.HOMEASSISTANT).subscribe("#")
    received = [
        "homeassistant/sensor/shishigaki_goto/alerts/config",
        names.state("goto", "trap-01"),
        names.event("goto", "trap-01"),
        names.status("goto"),
    ]
    for topic in ("wildlife/v1/goto/trap-01/event", *received):
        gateway.publish(topic)
    wait_for(lambda: hub.topics()[-1:] == received[-1:], "the last of the gateway")
    assert hub.topics() == received
    for topic in (names.state("goto", "trap-01"), "homeassistant/status"):
        hub.publish(topic, "from the hub")
    wait_for(lambda: "homeassistant/status" in gateway.topics(), "the hub's own word")
    assert [one for one, shown in gateway.got if shown == b"from the hub"] == [
        "homeassistant/status"
    ]
    gateway.close()
    hub.close()


@pytest.mark.real
def test_control_an_account_of_a_device_hears_none_of_it(broker: ShippedBroker) -> None:
    gateway = broker.join(GATEWAY)
    device = broker.join("trap-01").subscribe("#")
    for topic in (names.alerts("goto"), "shishigaki/v1/goto/trap-01/confirm"):
        gateway.publish(topic)
    wait_for(lambda: device.got, "its own confirmation")
    assert device.topics() == ["shishigaki/v1/goto/trap-01/confirm"]
    gateway.close()
    device.close()
