"""/.well-known/security.txt is for everybody, says to whom to write and until when, and nothing else."""

from datetime import datetime
from pathlib import Path

import pytest

from gateway import app as service
from gateway.clock import utc_now
from gateway.config import ConfigError, check
from tests.dashboard.client import Answer, Client
from tests.dashboard.place import serving
from tests.dashboard.web.test_reading import build

PATH = "/.well-known/security.txt"
THROUGH = {"x-forwarded-for": "203.0.113.9"}  # somebody who is not at the machine


def asked(folder: Path, **settings: str) -> Answer:
    gateway: service.Gateway = build(folder, host="0.0.0.0", **settings)
    with serving(service.pages(gateway, dict)) as (url, _):
        found = Client(url).get(PATH, headers=THROUGH)
    gateway.store.close()
    return found


def test_everybody_is_told_the_contact_and_the_end_of_its_validity(tmp_path: Path) -> None:
    answer = asked(
        tmp_path, security_contact="mailto:security@goto.example", public_url="https://sika.example"
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert set(fields) == {"Contact", "Expires", "Preferred-Languages", "Canonical"}
    assert fields["Contact"] == "mailto:security@goto.example"
    assert fields["Canonical"] == f"https://sika.example{PATH}"
    left = datetime.fromisoformat(fields["Expires"]) - utc_now()
    assert 0 < left.days < 365


def test_without_a_contact_there_is_no_page(tmp_path: Path) -> None:
    assert asked(tmp_path).status_code == 404


@pytest.mark.parametrize(
    "contact", ["security@goto.example", "http://x", "mailto:a b", "https://x\nExpires: 1"]
)
def test_a_contact_that_is_no_address_is_refused(contact: str) -> None:
    with pytest.raises(ConfigError, match="security_contact"):
        check({"dashboard": {"security_contact": contact}})
