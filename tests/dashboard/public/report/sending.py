"""What a resident's browser sends."""

import secrets

from tests.dashboard.client import Answer, Client
from tests.dashboard.trapper.test_photos import form

JSON = {"accept": "application/json"}
PLACE = (32.695123, 128.841257)  # what the public must not learn
WORDS = "たけしさんの家のうら"
REPORT = {
    "kind": "sighting",
    "species": "boar",
    "lat": str(PLACE[0]),
    "lon": str(PLACE[1]),
    "note": f"{WORDS}にいた",
    "place": WORDS,
    "contact": "090-1111-2222",
}


def new(**changed: str) -> dict[str, str]:
    """A report of its own id and secret."""
    return REPORT | {"id": secrets.token_hex(16), "token": secrets.token_hex(32)} | changed


def send(client: Client, report: dict[str, str], *photos: bytes, source: str = "") -> Answer:
    """Send it as the script does; `source`: the address that a proxy on this machine names."""
    body, kind = form(report, *photos)
    told = {"x-forwarded-for": source} if source else {}
    return client.send("POST", "/report", body, kind | JSON | told)
