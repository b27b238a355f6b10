"""A restore that is killed, or that finds something: nothing is lost, and the same command finishes it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.backup.errors import BackupError
from gateway.backup.putting_back import mark_of
from gateway.store import Store
from gateway.store.connection import StoreError
from tests.gateway.backup.whole import (
    EVENTS,
    WholeGateway,
    content,
    events_of,
    restored,
)
from tests.support.samples import TOKYO


class _KilledError(BaseException):
    """The power is gone: nothing after it runs but what Python itself does."""


def killing(at_step: int) -> Callable[[str], None]:
    count = 0

    def step(_: str) -> None:
        nonlocal count
        count += 1
        if count == at_step:
            raise _KilledError

    return step


def test_a_restore_that_is_killed_at_any_step_is_finished_by_the_same_command(
    gateway: WholeGateway, made: Path, tmp_path: Path
) -> None:
    whole = tmp_path / "whole"
    restored(made, whole)
    steps = 0
    while True:
        steps += 1
        card = tmp_path / f"card-{steps}"
        try:
            restored(made, card, step=killing(steps))
        except _KilledError:
            data = card / gateway.data.relative_to("/")
            assert mark_of(data).exists(), "nobody would know"
            places = restored(made, card)
            assert not mark_of(data).exists()
            assert events_of(places.database) == EVENTS
            assert set(content(card)) >= set(content(whole))
            continue
        break
    assert steps > 5


def test_what_lay_there_is_kept_beside_and_without_force_nothing_is_replaced(
    gateway: WholeGateway, made: Path, tmp_path: Path
) -> None:
    places = restored(made, tmp_path / "card")
    secret = places.rooms["settings"] / "secrets/mqtt_password"
    secret.write_text("changed since")
    with pytest.raises(BackupError, match="--force"):
        restored(made, tmp_path / "card")
    assert secret.read_text() == "changed since"
    restored(made, tmp_path / "card", force=True)
    assert secret.read_text() == "secret of the gateway"
    [aside] = secret.parent.glob("mqtt_password.before-*")
    assert aside.read_text() == "changed since"
    assert list(places.database.parent.glob("gateway.db.before-*"))


def test_while_a_gateway_runs_on_the_card_nothing_of_it_is_replaced(
    made: Path, tmp_path: Path
) -> None:
    card = tmp_path / "card"
    places = restored(made, card)
    secret = places.rooms["settings"] / "secrets/mqtt_password"
    secret.write_text("changed since")
    before = content(card)
    with closing(Store(places.database, TOKYO)), pytest.raises(StoreError, match="in use"):
        restored(made, card, force=True)
    assert secret.read_text() == "changed since"
    new = {Path(name).name for name in set(content(card)) - set(before)}
    assert new <= {"gateway.db-wal", "gateway.db-shm", "gateway.db.schema"}, "of the gateway"
    restored(made, card, force=True)
    assert secret.read_text() == "secret of the gateway", "control: stopped, it is replaced"
