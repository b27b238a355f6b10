"""What a sensor or a program needs to reach the broker, in the words of its own settings. PURE.

Owns the texts: secrets of ESPHome, console lines of Tasmota, settings of programs. Each holds a password: the
caller shows it once and keeps nothing.
"""

import json
from collections.abc import Callable

from msgspec import Struct

from gateway.broker.access import Use


class Credentials(Struct, frozen=True):
    """How one account reaches the broker. `authority`: PEM text of the certificate to trust."""

    site: str
    name: str
    password: str
    host: str
    port: int
    authority: str


def text(use: Use, given: Credentials) -> str:
    """The settings for this use, ready to be pasted."""
    return _TEXTS[use](given)


def qr(given: Credentials) -> str:
    """A compact form for a QR code: without the certificate, which is public and too long."""
    short = {
        "v": 1,
        "site": given.site,
        "host": given.host,
        "port": given.port,
        "user": given.name,
        "password": given.password,
    }
    return json.dumps(short, separators=(",", ":"))


def _native(given: Credentials) -> str:
    whole = {
        "v": 1,
        "site": given.site,
        "device": given.name,
        "mqtt": {
            "host": given.host,
            "port": given.port,
            "tls": True,
            "username": given.name,
            "password": given.password,
            "ca": given.authority,
        },
        "topics": {
            "write": f"wildlife/v1/{given.site}/{given.name}/",
            "confirm": f"shishigaki/v1/{given.site}/{given.name}/confirm",
        },
    }
    return json.dumps(whole, indent=2) + "\n"


def _esphome(given: Credentials) -> str:
    indented = "".join(f"  {line}\n" for line in given.authority.strip().splitlines())
    return (
        "# secrets.yaml: 設定 (trap.yaml など) と同じ場所に / beside trap.yaml or another recipe\n"
        'wifi_ssid: ""  # ここに書く / write it here\n'
        'wifi_password: ""\n'
        'ota_password: ""\n'
        f'shishigaki_site: "{given.site}"\n'
        f'shishigaki_device: "{given.name}"\n'
        f'mqtt_broker: "{given.host}"\n'
        f'mqtt_port: "{given.port}"\n'
        f'mqtt_username: "{given.name}"\n'
        f'mqtt_password: "{given.password}"\n'
        f"mqtt_ca: |\n{indented}"
    )


def _tasmota(given: Credentials) -> str:
    """The empty fingerprint is learned at the first connection, which belongs into the workshop."""
    lines = (
        f"Backlog MqttHost {given.host}; MqttPort {given.port}; MqttClient {given.name}",
        f"Backlog MqttUser {given.name}; MqttPassword {given.password}",
        f"Backlog Topic {given.name}; FullTopic %prefix%/%topic%/",
        f"Backlog SetOption103 1; SetOption132 1; MqttFingerprint {'00 ' * 20}".rstrip(),
        "Backlog SwitchMode1 1; SetOption114 1; TelePeriod 300; SetOption19 0; Restart 1",
    )
    head = "# Tasmota (tasmota32) のコンソールへ一行ずつ / line by line into the console"
    return "\n".join((head, *lines)) + "\n"


def _chirpstack(given: Credentials) -> str:
    return (
        '# chirpstack.toml\n[integration]\nenabled = ["mqtt"]\n[integration.mqtt]\n'
        f'server = "ssl://{given.host}:{given.port}/"\n'
        f'username = "{given.name}"\npassword = "{given.password}"\n'
        'ca_cert = "/etc/chirpstack/shishigaki-ca.crt"  # 下の証明書 / the certificate below\n'
        "json = true\nqos = 1\n" + _certificate(given)
    )


def _zigbee2mqtt(given: Credentials) -> str:
    return (
        "# configuration.yaml。送り先は大きい通知のためのブローカー / the broker for big messages\n"
        "mqtt:\n  server: mqtt://127.0.0.1:1885\n"
        f"  user: {given.name}\n  password: {given.password}\n"
        "  base_topic: zigbee2mqtt\n"
        "advanced:\n  output: json\n  last_seen: ISO_8601\navailability:\n  enabled: true\n"
        "device_options:\n  qos: 1\n"
    )


def _frigate(given: Credentials) -> str:
    return (
        "# config.yml。送り先は大きい通知のためのブローカー / the broker for big messages\n"
        "mqtt:\n  enabled: true\n  host: 127.0.0.1\n  port: 1885\n"
        f"  user: {given.name}\n  password: {given.password}\n  topic_prefix: frigate\n  qos: 1\n"
    )


def _meshtastic(given: Credentials) -> str:
    return (
        f"meshtastic --set mqtt.enabled true --set mqtt.address {given.host}:{given.port} "
        f"--set mqtt.username {given.name} --set mqtt.password {given.password} "
        "--set mqtt.json_enabled true --set mqtt.tls_enabled true --set mqtt.root msh/JP\n"
        "meshtastic --set detection_sensor.enabled true --set detection_sensor.state_broadcast_secs 3600\n"
    )


def _bridge(given: Credentials) -> str:
    """For the broker of large messages: what is larger than a sensor's packet stays there."""
    return (
        "# shishigaki broker setup が作ります / made by `shishigaki broker setup`\n"
        "connection shishigaki\naddress 127.0.0.1:1884\n"
        f"remote_username {given.name}\nremote_password {given.password}\n"
        f"remote_clientid {given.name}\nbridge_protocol_version mqttv50\n"
        "bridge_max_packet_size 16384\ncleansession false\nnotifications false\n"
        "topic zigbee2mqtt/# out 1\ntopic frigate/events out 1\n"
        "topic frigate/tracked_object_update out 1\ntopic frigate/reviews out 1\n"
        "topic frigate/available out 1\n"
    )


def _plain(given: Credentials) -> str:
    return (
        f"host: {given.host}\nport: {given.port}\ntls: true\nusername: {given.name}\n"
        f"password: {given.password}\n" + _certificate(given)
    )


def _certificate(given: Credentials) -> str:
    return f"\n# shishigaki-ca.crt\n{given.authority}"


_TEXTS: dict[Use, Callable[[Credentials], str]] = {
    Use.NATIVE: _native,
    Use.ESPHOME: _esphome,
    Use.TASMOTA: _tasmota,
    Use.CHIRPSTACK: _chirpstack,
    Use.ZIGBEE2MQTT: _zigbee2mqtt,
    Use.MESHTASTIC: _meshtastic,
    Use.FRIGATE: _frigate,
    Use.EQUIPMENT: _bridge,
    Use.HOMEASSISTANT: _plain,
    Use.SIREN: _esphome,
    Use.CLASSIFIER: _plain,
}
