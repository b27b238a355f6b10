"""While a new version is tried the pages show everything and record nothing."""

from pathlib import Path

from dashboard.web.entry.passwords import hasher
from gateway.domain.people.person import UserRole
from gateway.store.trial import table
from tests.dashboard.client import Client
from tests.dashboard.place import Place
from tests.support.people import keep, login

PASSWORD = "あかるい猪垣 2026"
HANA = login("hana", UserRole.ADMIN, hasher.hash(PASSWORD))
FORM = {"name": "hana", "password": PASSWORD}


def test_acts_wait_during_a_trial_and_reading_does_not(tmp_path: Path) -> None:
    place = Place(tmp_path, host="0.0.0.0", secret="s" * 32)
    keep(place.store, HANA)
    with place.served() as url:
        place.store.write_now(lambda tx: table.mark(tx.execute, "u1"))
        client = Client(url)
        assert client.post("/login", FORM).status_code == 303
        assert client.get("/traps").status_code == 200
        refused = client.post("/people/remove", {"name": "jiro"})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "120")
        assert "もう一度" in refused.text
        data = client.post("/acts", {})
        assert (data.status_code, data.json()["code"]) == (503, "upgrading")

        place.store.write_now(lambda tx: table.unmark(tx.execute))
        assert client.post("/people/remove", {"name": "jiro"}).status_code != 503
    place.store.close()
