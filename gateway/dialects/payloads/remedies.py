"""What a person is to do about a payload that cannot be read.

Owns the list; the sentences are in `gateway/words` (`remedy.*`). Must not know payloads.
"""

from enum import Enum

from gateway.words.catalogue import both


class Remedy(Enum):
    """The key of one sentence; as text, the sentence in both languages, as refusals show it."""

    NO_REMEDY = "remedy.no_remedy"
    CHIRPSTACK_JSON = "remedy.chirpstack_json"
    CHIRPSTACK_V3 = "remedy.chirpstack_v3"
    CODEC_CHIRPSTACK = "remedy.codec_chirpstack"
    CODEC_TTS = "remedy.codec_tts"
    CODEC_ANY = "remedy.codec_any"
    MODEL = "remedy.model"
    MESHTASTIC_JSON = "remedy.meshtastic_json"
    MESHTASTIC_TEXT = "remedy.meshtastic_text"
    ZIGBEE2MQTT_JSON = "remedy.zigbee2mqtt_json"
    TASMOTA_TOPIC = "remedy.tasmota_topic"
    SENML_JSON = "remedy.senml_json"
    CLEARED = "remedy.cleared"
    NEVER_RETAINED = "remedy.never_retained"

    def __str__(self) -> str:
        """The sentence in both languages."""
        return both(self.value)
