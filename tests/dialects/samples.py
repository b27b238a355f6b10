"""What each published payload of the optional shared samples means, as we read it: kinds and key facts.

Keyed by file below ``../shared/samples``. ``IRRELEVANT`` and ``MALFORMED`` name the refusal.
"""

from pathlib import Path
from typing import Any

from gateway.model import Kind, Reason

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"

Expected = tuple[tuple[Kind, ...] | Reason, dict[str, Any]]

SPRUNG, SET, DETECTION = (Kind.SPRUNG,), (Kind.SET,), (Kind.DETECTION,)
BEAT, JOIN, TAMPER = (Kind.HEARTBEAT,), (Kind.JOIN,), (Kind.TAMPER,)
UNKNOWN = {"species": "unknown"}

EXPECTED: dict[str, Expected] = {
    "chirpstack/event_up_docs.json": (BEAT, {"rssi_dbm": -36, "snr_db": 10.5}),
    "chirpstack/event_join_docs.json": (JOIN, {"device": "0101010101010101"}),
    "chirpstack/event_txack_docs.json": (Reason.IRRELEVANT, {}),
    "chirpstack/event_log_docs.json": (Reason.IRRELEVANT, {}),
    "chirpstack/event_integration_docs.json": (Reason.IRRELEVANT, {}),
    "lorawan_codec/dragino_lds02_closed.json": (SET, {"battery_v": 2.952}),
    "lorawan_codec/dragino_ds03alb_wrong_example.json": (Reason.IRRELEVANT, {}),
    "lorawan_codec/browan_tbms100_occupied.json": (DETECTION, UNKNOWN | {"battery_v": 3.6}),
    "lorawan_codec/netvox_r311a_startup.json": (JOIN, {"model": "netvox-r311a"}),
    "lorawan_codec/netvox_r311a_on.json": (SPRUNG, {"battery_v": 3}),
    "lorawan_codec/netvox_r311a_config_rsp.json": (Reason.IRRELEVANT, {}),
    "lorawan_codec/netvox_rb11e_occupied.json": (DETECTION, UNKNOWN | {"battery_v": 3.6}),
    "lorawan_codec/netvox_r718mba_status1.json": (SPRUNG, {"is_state": False}),
    "lorawan_codec/milesight_ws301_uninstalled_ttn.json": (TAMPER, {}),
    "lorawan_codec/milesight_ws202_dark_ttn.json": (Reason.IRRELEVANT, {}),
    "lorawan_codec/mclimate_open_close.json": (SPRUNG, {"battery_v": 2.97}),
    "lorawan_codec/mclimate_pir_keepalive.json": (BEAT, {"battery_v": 3.33}),
    "lorawan_codec/mclimate_pir_occupied_event.json": (DETECTION, {"is_state": False}),
    "lorawan_codec/tektelic_t00048xx_periodic.json": (BEAT, {}),
    "lorawan_codec/digitalmatter_oyster_position.json": (BEAT, {"lat": -32, "lon": 116}),
    "lorawan_codec/digitalmatter_yabby_wifi.json": (BEAT, {"lat": None}),
    "lorawan_codec/sensative_strips_status.json": (BEAT, {"battery_pct": 80}),
    "lorawan_codec/milesight_em320_tilt_readme1.json": (SPRUNG, {"battery_pct": 100}),
    "lorawan_codec/milesight_em300_mcs_readme1.json": (SPRUNG, {"battery_pct": 92}),
    "lorawan_codec/milesight_ws301_readme1.json": (SPRUNG, {"battery_pct": 100}),
    "lorawan_codec/milesight_ws203_readme1.json": (BEAT, {"battery_pct": 100}),
    "lorawan_codec/milesight_ws203_readme2.json": (Reason.IRRELEVANT, {}),
    "lorawan_codec/milesight_vs330_readme1.json": (DETECTION, {"battery_pct": 98}),
    "lorawan_codec/milesight_vs341_readme2.json": (DETECTION, {"battery_pct": 100}),
    "lorawan_codec/milesight_ws301_decoder_head.json": (SPRUNG + TAMPER, {"battery_pct": 100}),
    "lorawan_codec/milesight_ws203_decoder_head.json": (BEAT + DETECTION + BEAT, {}),
    "lorawan_codec/dragino_lds02_decoder182_open.json": (SPRUNG, {"battery_v": 2.952}),
    "lorawan_codec/csprofile_merryiot_dw10_1.json": (SET, {"battery_v": 3.6}),
    "lorawan_codec/csprofile_tabs_tbms100_1.json": (BEAT, {"battery_v": 3.6}),
    "lorawan_codec/csprofile_lds02_1.json": (SET, {"battery_v": 2.952}),
    "lorawan_codec/csprofile_lwl02_1.json": (BEAT, {"battery_v": 3.102}),
    "lorawan_codec/csprofile_digital_matter_oyster3_yabby3_1.json": (BEAT, {"lat": None}),
    "lorawan_codec/csprofile_digital_matter_oyster3_yabby3_2.json": (Reason.IRRELEVANT, {}),
    "lorawan_codec/csprofile_digital_matter_oyster3_yabby3_3.json": (BEAT, {"battery_v": 4.3}),
    "lorawan_codec/csprofile_elsys_8.json": (BEAT, {}),
    "lorawan_codec/dragino_lds02_open_capture.json": (SPRUNG, {"rssi_dbm": -75, "snr_db": 10}),
}
