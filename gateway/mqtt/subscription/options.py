"""What we ask for in a SUBSCRIBE, for each of the two client libraries.

Owns the options of MQTT 5. Live messages shall come without the retain flag, as MQTT 3.1.1 has it, so
that the flag means "the broker kept this". Kept messages shall come at every SUBSCRIBE, also when the
session is old: what a source sent with QoS 0 while we were away is nowhere else.
"""

from typing import Any

import mqtt5
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.mqtt.link import Terms


def packet(terms: Terms) -> mqtt5.SubscribePacket:
    """The SUBSCRIBE of our own MQTT 5 connection; its packet id is 1."""
    filters = [
        mqtt5.TopicFilter(
            topics,
            max_qos=mqtt5.QoS(qos),
            retain_as_published=False,
            retain_handling=mqtt5.RetainHandling.SEND_ALWAYS,
        )
        for topics, qos in terms.subscriptions
    ]
    return mqtt5.SubscribePacket(1, filters)


def paho_filters(terms: Terms, *, is_five: bool) -> list[tuple[str, Any]]:
    """The same for paho-mqtt; MQTT 3.1.1 knows no options and behaves so by itself."""
    if not is_five:
        return list(terms.subscriptions)
    always = SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE
    return [
        (topics, SubscribeOptions(qos, retainAsPublished=False, retainHandling=always))
        for topics, qos in terms.subscriptions
    ]
