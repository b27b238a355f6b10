"""The buttons of species: first what is caught at this site, as its records say."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway import app as service
from gateway.domain import species
from gateway.domain.model import ActionKind, TrapAction
from tests.dashboard.place import NOW
from tests.dashboard.rights.house import browsers, build


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[service.Gateway]:
    made = build(tmp_path)
    yield made
    made.store.close()


def offered(gateway: service.Gateway) -> list[str]:
    """The species of the buttons, in their order on the page."""
    with browsers(service.pages(gateway, dict)) as found:
        page = found["trapper"].get("/traps/trap-own").text
    return re.findall(r'name="species" value="(\w+)"', page)


def caught(gateway: service.Gateway, no: int, animal: str) -> None:
    act = TrapAction(
        id=f"c-{no}",
        device="trap-two",
        deed=ActionKind.CAPTURED,
        at=NOW - timedelta(days=3, minutes=no),
        by="a-trapper",
        recorded_at=NOW,
        species=animal,
    )
    gateway.store.write_now(lambda tx: tx.acts.add(act))


def test_what_is_caught_here_comes_first(gateway: service.Gateway) -> None:
    for no, animal in enumerate(["nutria", "civet", "nutria"]):
        caught(gateway, no, animal)
    assert offered(gateway)[:3] == ["nutria", "civet", "boar"]


def test_where_nothing_was_caught_yet_the_usual_ones_come_first(gateway: service.Gateway) -> None:
    buttons = offered(gateway)
    assert buttons[:2] == ["boar", "deer"]
    assert sorted(buttons) == sorted(row.code for row in species.TABLE), "each once"
