"""The CONNECT packet of our MQTT 5 connection (`subscription.options` makes the SUBSCRIBE packet).

Owns our options of CONNECT. Must not send anything.
"""

import mqtt5

from gateway.mqtt.link import OFFLINE, Terms


def connect_packet(terms: Terms) -> mqtt5.ConnectPacket:
    settings = terms.settings
    return mqtt5.ConnectPacket(
        terms.client_id,
        username=settings.username or None,
        password=settings.password.encode() if settings.password else None,
        clean_start=False,
        will=mqtt5.Will(
            terms.status_topic, payload=OFFLINE, qos=mqtt5.QoS.AT_LEAST_ONCE, retain=True
        ),
        keep_alive=settings.keepalive_s,
        session_expiry_interval=settings.session_expiry_s,
        max_packet_size=settings.max_packet_bytes,
    )
