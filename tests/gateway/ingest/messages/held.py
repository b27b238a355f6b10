"""Messages of devices that nobody approved, as tests send them."""

from typing import Any

import msgspec

from gateway.alerts.policy import Policy
from gateway.config import SourceSettings, check
from gateway.domain.model import Message
from gateway.domain.outcome import Outcome
from gateway.ingest.devices.approval import ApprovalRequest, Approvals
from gateway.ingest.messages.batch import absorb
from gateway.ingest.messages.decoding import Sources
from gateway.store import Store
from tests.support.samples import at

SOURCES = (SourceSettings(dialect="native"), SourceSettings(dialect="zigbee2mqtt"))
READ = Sources(SOURCES, "goto")
PEOPLE = [
    {"name": "tanaka", "channels": ["console:"]},
    {"name": "office", "channels": ["console:"], "duty": "office"},
]
POLICY = Policy(check({"people": PEOPLE}))
PERSONS = POLICY.people
APPROVALS = Approvals(READ.decode, lambda: READ.models, POLICY)


def native(
    device: str, kind: str, number: int, *, site: str = "goto", retain: bool = False, **more: Any
) -> Message:
    leaf = "telemetry" if kind == "heartbeat" else "event"
    body = {"v": 1, "id": f"{device}-{number}", "boot": 1, "seq": number, "kind": kind} | more
    topic = f"wildlife/v1/{site}/{device}/{leaf}"
    return Message(topic, msgspec.json.encode(body), at(number / 60), retain=retain)


def zigbee(device: str, number: int, **body: Any) -> Message:
    return Message(f"zigbee2mqtt/{device}", msgspec.json.encode(body), at(number / 60))


def receive(store: Store, *messages: Message) -> Outcome:
    POLICY.know(PERSONS)  # a database with people of its own, of another test, leaves them there
    now = messages[-1].received_at
    return store.write_now(lambda tx: absorb(tx, messages, READ.decode, now, POLICY))


def confirmed(outcome: Outcome) -> set[str]:
    return {id_ for ids in outcome.durable.values() for id_ in ids}


def approve(store: Store, device: str) -> Outcome:
    request = ApprovalRequest(device=device, role="trap")
    return store.write_now(lambda tx: APPROVALS.approve(tx, request, at(10_000)))[1]


def open_alerts(store: Store) -> set[tuple[str, str]]:
    return {(one.rule, one.subject) for one in store.read_now(lambda r: r.open_alerts())}
