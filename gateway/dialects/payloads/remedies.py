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
