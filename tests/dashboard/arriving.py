"""A place where LoRaWAN devices arrive: some known, some to be approved, some unreadable."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from gateway.config import Config, Dashboard, Site, SourceSettings
from gateway.domain.model import Device, Message, Role
from gateway.ingest.devices.approval import Approvals
from gateway.ingest.messages.decoding import Sources
from tests.dashboard.place import NOW, Place, ago

EUI, OTHER = "24e124136b502217", "24e124136b502299"
MAYBE = {"door": "open", "battery": 90, "colour": "red"}
STRANGE = {"gate_is": "up"}
SOURCES = (SourceSettings(dialect="chirpstack"), SourceSettings(dialect="native"))


class Arriving(Place):
    """The place with the gateway's own dialects."""

    def __init__(self, directory: Path, **settings: object) -> None:
        super().__init__(directory, **settings)
        dashboard = msgspec.convert({"tiles": "none", **settings}, Dashboard)
        self.config = Config(
            site=Site(name="goto", title="五島市"), dashboard=dashboard, sources=SOURCES
        )
        sources = Sources(SOURCES, "goto")
        self.decode = sources.decode
        self.desk = Approvals(sources.decode, lambda: sources.models, None, sources.dialect)

    def settle(self) -> "Arriving":
        """One trap that speaks, one stranger with a likely model, one with none, one broken."""
        self.store.write_now(
            lambda tx: tx.put_device(Device(id="trap-01", role=Role.TRAP, name="岐宿の沢 1号"))
        )
        body = {
            "v": 1,
            "id": "a",
            "kind": "trap.set",
            "ts": ago(minutes=30).isoformat(),
            "ts_src": "ntp",
            "battery": {"v": 3.01, "pct": 71},
            "link": {"rssi_dbm": -97, "snr_db": 7},
        }
        self.receive(
            Message("wildlife/v1/goto/trap-01/event", msgspec.json.encode(body), ago(minutes=30)),
            uplink(MAYBE, 1),
            uplink(MAYBE | {"door": "closed"}, 2),
            uplink(STRANGE, 3, OTHER),
            Message("wildlife/v1/goto/trap-02/event", b"{<b>", NOW),
        )
        return self


def uplink(values: Mapping[str, object], number: int, eui: str = EUI) -> Message:
    """What ChirpStack says of one frame."""
    at = ago(minutes=10 - number)
    body = {
        "deviceInfo": {"devEui": eui},
        "devAddr": "01a2b3c4",
        "fCnt": number,
        "object": values,
        "deduplicationId": f"{eui}-{number}",
        "time": at.isoformat(),
        "rxInfo": [{"rssi": -112, "snr": -3}],
    }
    return Message(f"application/1/device/{eui}/event/up", msgspec.json.encode(body), at, qos=0)
