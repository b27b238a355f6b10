# mypy: ignore-errors
"""Home Assistant with its MQTT integration only.

`python home_assistant_child.py FOLDER BROKER_PORT HTTP_PORT`; FOLDER holds `automation.yaml`.

Run by a Python that has the package `homeassistant`, which ours has not. Prints one JSON object a line: a
change of a state, a switch that is turned, or what was logged as a warning or an error. Ends when its
standard input ends.
"""

import asyncio
import json
import logging
import sys
from pathlib import Path

import yaml
from homeassistant import bootstrap, config_entries, core, loader
from homeassistant.auth import auth_manager_from_config
from homeassistant.components import persistent_notification
from homeassistant.helpers import device_registry, entity_registry
from homeassistant.setup import async_setup_component

SUBJECTS = ("homeassistant.components", "homeassistant.helpers", "homeassistant.util")


def tell(**what):
    sys.stdout.write(json.dumps(what, default=str) + "\n")
    sys.stdout.flush()


class Warnings(logging.Handler):
    """Tells what Home Assistant complains about."""

    def emit(self, record):
        if record.name.startswith(SUBJECTS):
            tell(log=f"{record.levelname} {record.name}: {record.getMessage()}")


@core.callback
def on_state(event):
    new = event.data["new_state"]
    tell(
        entity=event.data["entity_id"],
        state=new.state if new else None,
        attributes=dict(new.attributes) if new else {},
    )


@core.callback
def on_notification(kind, notifications):
    if kind is persistent_notification.UpdateType.ADDED:
        for one in notifications.values():
            tell(notification=one["message"])


@core.callback
def on_switch(call):
    tell(switch=call.service, lamp=call.data["entity_id"])


async def start(folder, http_port):
    hass = core.HomeAssistant(folder)
    hass.config.skip_pip = True
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    loader.async_setup(hass)
    await bootstrap.async_load_base_functionality(hass)
    hass.auth = await auth_manager_from_config(hass, [], [])
    http = {"http": {"server_host": ["127.0.0.1"], "server_port": http_port}}
    for name in ("http", "file_upload"):
        assert await async_setup_component(hass, name, http), name
    automations = yaml.safe_load(Path(folder, "automation.yaml").read_text())  # noqa: ASYNC240
    for service in ("turn_on", "turn_off"):
        hass.services.async_register("switch", service, on_switch)
    for name in ("persistent_notification", "automation"):
        assert await async_setup_component(hass, name, automations), name
    persistent_notification.async_register_callback(hass, on_notification)
    await hass.async_start()
    return hass


async def add_broker(hass, port):
    entry = config_entries.ConfigEntry(
        domain="mqtt",
        title="broker",
        data={"broker": "127.0.0.1", "port": port, "protocol": "5"},
        options={},
        version=1,
        minor_version=2,
        source="user",
        unique_id=None,
        discovery_keys={},
        subentries_data=None,
    )
    await hass.config_entries.async_add(entry)
    tell(ready=str(entry.state))


async def main(folder, broker_port, http_port):
    logging.getLogger().addHandler(Warnings(logging.WARNING))
    hass = await start(folder, http_port)
    hass.bus.async_listen("state_changed", on_state)
    await add_broker(hass, broker_port)
    while await asyncio.to_thread(sys.stdin.readline):  # each line asks for the registries
        devices = device_registry.async_get(hass).devices.values()
        entities = entity_registry.async_get(hass).entities.values()
        names = {one.id: sorted(id_ for _, id_ in one.identifiers) for one in devices}
        tell(
            devices=[
                {"ids": names[one.id], "via": names.get(one.via_device_id), "sw": one.sw_version}
                for one in devices
            ],
            entities=sorted(one.entity_id for one in entities),
        )
    await hass.async_stop()


Path(sys.argv[1], "configuration.yaml").touch()
asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
