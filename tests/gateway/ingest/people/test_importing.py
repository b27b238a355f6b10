"""The file's people come into the database once; what is changed later counts there and here is named."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway import app as service
from gateway.config import Config, ConfigError, check
from gateway.domain.alerts.lifecycle import Duty
from gateway.domain.people.person import Person, UserRole
from gateway.store import Store
from tests.support.people import keep, login, take_out

Start = Callable[..., dict[str, Person]]


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Config]:
    def make(*people: dict[str, Any]) -> Config:
        return check({"store": {"path": str(tmp_path / "x.db")}, "people": list(people)})

    return make


def entry(name: str = "tanaka", **more: Any) -> dict[str, Any]:
    return {"name": name, "channels": ["console:"], **more}


def started(config: Config) -> dict[str, Person]:
    """Whom a gateway that is built now tells."""
    gateway = service.build(config)
    gateway.store.close()
    return dict(gateway.policy.people)


def changed(config: Config, act: Callable[[Store], object]) -> None:
    gateway = service.build(config)
    act(gateway.store)
    gateway.store.close()


def test_the_files_people_are_brought_in_with_the_role_of_their_duty(settings: Any) -> None:
    config = settings(entry(), entry("mori", duty="office", quiet="22-06", devices=["oku/*"]))
    people = started(config)
    assert people["tanaka"].role is UserRole.TRAPPER
    mori = people["mori"]
    assert (mori.role, mori.duties, mori.quiet, mori.places) == (
        UserRole.OFFICIAL,
        (Duty.OFFICE,),
        "22-06",
        ("oku/*",),
    )
    assert not mori.password_hash


def test_a_second_start_brings_nobody_in_again(settings: Any) -> None:
    config = settings(entry(), entry("mori"))
    started(config)
    changed(config, lambda store: take_out(store, "mori"))
    changed(config, lambda store: keep(store, Person(name="tanaka", title="田中")))
    people = started(config)
    assert set(people) == {"tanaka"}
    assert people["tanaka"].title == "田中"


def test_a_later_change_in_the_file_does_not_count_and_is_named(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    started(settings(entry(), entry("mori"), entry("sato")))
    with caplog.at_level(logging.WARNING):
        started(settings(entry(), entry("mori"), entry("sato")))
        assert "people are kept" not in caplog.text  # the control
        people = started(settings(entry(), entry("mori", quiet="20-05")))
    assert people["mori"].quiet == "00-00"
    assert "sato" in people
    assert "changed: mori; taken out: sato" in caplog.text
    assert "use `shishigaki people` or the page" in caplog.text


def test_somebody_new_in_the_file_is_brought_in_at_the_next_start(settings: Any) -> None:
    started(settings(entry()))
    assert set(started(settings(entry(), entry("mori")))) == {"tanaka", "mori"}


def test_an_emptied_file_takes_nobody_out(settings: Any) -> None:
    started(settings(entry()))
    assert set(started(settings())) == {"tanaka"}


def test_who_has_an_account_keeps_its_role_and_password(settings: Any) -> None:
    config = settings(entry())
    changed(settings(), lambda store: keep(store, login("tanaka", UserRole.ADMIN, "$hash")))
    person = started(config)["tanaka"]
    assert (person.role, person.password_hash) == (UserRole.ADMIN, "$hash")
    assert [one.url for one in person.channels] == ["console:"]


def test_a_channel_that_nothing_opens_stops_the_start_and_shows_no_secret(settings: Any) -> None:
    bad = {"name": "mori", "channels": ["console:", "nonsense://secret"]}
    with pytest.raises(ConfigError, match="people: mori, channel 2") as refused:
        service.build(settings(entry(), bad))
    assert "secret" not in str(refused.value)
