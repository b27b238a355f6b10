"""Which brokers hold messages for an absent client."""

import pytest

# What the demo's amqtt does not promise: it holds nothing for a client without a password.
HOLDS = ["five@mosquitto", "paho-5@mosquitto", "paho-3.1.1@mosquitto"]
holding_brokers = pytest.mark.parametrize("rig", HOLDS, indirect=True)
