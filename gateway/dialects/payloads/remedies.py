"""What a person is to do about a payload that cannot be read: in Japanese and English.

Owns these sentences. Must not know payloads.
"""

from msgspec import Struct


class Remedy(Struct, frozen=True):
    """One sentence in both languages."""

    ja: str
    en: str

    def __str__(self) -> str:
        """Both, as refusals show them."""
        return f"{self.ja} / {self.en}"


NO_REMEDY = Remedy("送信元の形式を確認してください", "check what the source sends")
CHIRPSTACK_JSON = Remedy(
    "chirpstack.toml の [integration.mqtt] に json=true を設定してください",
    "set json=true under [integration.mqtt] in chirpstack.toml",
)
CHIRPSTACK_V3 = Remedy(
    "ChirpStack v3 の形式です。v4 へ更新するか、v3 の出力を v4 の形に直して送ってください",
    "this is ChirpStack v3: upgrade to v4, or forward it in the form of v4",
)
CODEC_CHIRPSTACK = Remedy(
    "機器プロファイルの Codec を設定し、エラーを直してください",
    "set the codec in the device profile and mend its errors",
)
CODEC_TTS = Remedy(
    "The Things Stack で Payload formatter を設定してください",
    "set the uplink payload formatter of the device in The Things Stack",
)
CODEC_ANY = Remedy("コーデックを確認してください", "check the payload codec")
MODEL = Remedy(
    "機種を [models.名前] に書くか、承認のとき --model で選んでください",
    "describe the model under [models.NAME], or name one with --model",
)
MESHTASTIC_JSON = Remedy(
    "MQTT の JSON 出力（mqtt.json_enabled）を有効にしてください",
    "switch the JSON output on: mqtt.json_enabled",
)
MESHTASTIC_TEXT = Remedy(
    "検知モジュールの文は「名前 detected」か「名前 state: 0|1」です",
    "the detection module says '<name> detected' or '<name> state: 0|1'",
)
ZIGBEE2MQTT_JSON = Remedy(
    "configuration.yaml の advanced: に output: json を設定してください",
    "set output: json under advanced: in configuration.yaml",
)
TASMOTA_TOPIC = Remedy(
    "FullTopic に %prefix%（tele, stat）と %topic% を入れるか、"
    "SetOption19 0 で tasmota/discovery を送らせてください",
    "FullTopic needs %prefix% (tele, stat) and %topic%, or let SetOption19 0 publish tasmota/discovery",
)
SENML_JSON = Remedy(
    "SenML は JSON（application/senml+json）で送ってください",
    "send SenML as application/senml+json",
)
CLEARED = Remedy(
    "空の通知です（保持メッセージの消去）。何も起きていません",
    "empty: it clears a retained topic; nothing happened",
)

# How to set up each dialect: the settings at the source that its users get wrong.
SETUP = {
    "native": Remedy(
        "ブローカーとサイト名だけです",
        "nothing beside broker and site: the protocol is ours",
    ),
    "chirpstack": Remedy(
        "chirpstack.toml の [integration.mqtt] に json=true。機器プロファイルに Codec。"
        "v3 ではなく v4",
        "chirpstack.toml: [integration.mqtt] json=true; a codec in the device profile; v4, not v3",
    ),
    "tts": Remedy(
        "機器に uplink の Payload formatter。模擬 uplink は試験として扱い、数えません",
        "an uplink payload formatter for the device; simulated uplinks are marked as "
        "tests and count nowhere",
    ),
    "meshtastic": Remedy(
        "mqtt.json_enabled を true に。detection_sensor.name でわなと動体を区別。"
        "send_bell は付けても構いません",
        "mqtt.json_enabled true; detection_sensor.name tells a trap from a motion "
        "sensor; send_bell does no harm",
    ),
    "frigate": Remedy(
        "mqtt: enabled: true。動物のラベルを track に。events と reviews はどちらか一方を購読",
        "mqtt: enabled: true; track the animals' labels; subscribe to events or reviews, not both",
    ),
    "zigbee2mqtt": Remedy(
        "advanced: に output: json、availability: true。名前を変えたら新しい名前を承認",
        "advanced: output: json; availability: true; after a rename approve the new name",
    ),
    "tasmota": Remedy(
        "SwitchMode1 を 1 か 2 に。FullTopic に %prefix% と %topic%。SetOption19 0 "
        "で独自のトピックや語を自ら知らせます",
        "SwitchMode1 1 or 2; FullTopic with %prefix% and %topic%; SetOption19 0 lets "
        "it declare other topics and words",
    ),
    "esphome": Remedy(
        "mqtt: の discovery を有効に（device_class で接点を見分けます）。"
        "なければ名前を reed や door に、または台帳の input に",
        "mqtt: with discovery, so that device_class tells the contact from other "
        "inputs; else name it reed or door, or register its input",
    ),
    "senml": Remedy(
        "application/senml+json。電池には単位（%EL, V, mV）を",
        "application/senml+json; a unit with every battery: %EL, V or mV",
    ),
    "ha_discovery": Remedy(
        "設定は不要。機器は承認待ちに出て、入力の種類を覚えます",
        "nothing: devices are offered for approval, and classes of inputs are remembered",
    ),
    "lorawan_codec": Remedy(
        "コーデックの戻り値、または fPort のあるテスト例",
        "the codec's return value, or a test vector with its fPort",
    ),
}
