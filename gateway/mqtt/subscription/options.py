"""The options of SUBSCRIBE, for each of the two client libraries.

Owns the options of MQTT 5. Live messages come without the retain flag, as in MQTT 3.1.1, so that the
flag means "retained by the broker". Retained messages come at every SUBSCRIBE, also in an old session,
because a message that a source sent with QoS 0 while we were away is only there.
"""

from typing import Any

import mqtt5
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.mqtt.link import Terms


def subscribe_packet(terms: Terms) -> mqtt5.SubscribePacket:
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
    """The filters for paho-mqtt; MQTT 3.1.1 has no options and behaves in this way by itself."""
    if not is_five:
        return list(terms.subscriptions)
    always = SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE
    return [
        (topics, SubscribeOptions(qos, retainAsPublished=False, retainHandling=always))
        for topics, qos in terms.subscriptions
    ]
