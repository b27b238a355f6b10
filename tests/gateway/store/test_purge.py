"""Old events are deleted when every follower has them; the newest never is, so that no number comes again."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.store import Store
from gateway.store.followers.follower import Follower
from tests.gateway.store.test_followers import follow, receive
from tests.support.samples import CAMERA, TRAP, at, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(tmp_path, TRAP, CAMERA)) as opened:
        yield opened


def test_events_are_kept_until_the_slowest_follower_has_them(store: Store) -> None:
    for day in range(4):
        receive(store, day * 1440)
    follow(store, Follower.INFLUX, Follower.REGION)
    late = at(100 * 1440)
    store.write_now(lambda tx: tx.influx.put_done([(0, 4)]))
    assert store.write_now(lambda tx: tx.purge(late, 500)) == 0
    store.write_now(lambda tx: tx.region.put_done([(0, 2)]))
    assert store.write_now(lambda tx: tx.purge(late, 500)) == 2
    store.write_now(lambda tx: tx.region.unfollow())
    assert store.write_now(lambda tx: tx.purge(late, 500)) == 1, "the newest stays"


@pytest.mark.parametrize(("deleted_by_hand", "number"), [(False, 4), (True, 1)])
def test_the_number_of_an_event_never_comes_again_however_old_all_are(
    store: Store, deleted_by_hand: bool, number: int
) -> None:
    """Control: deleted by hand, the newest gives its number to the next one, and followers stop."""
    for day in range(3):
        receive(store, day * 1440)
    assert store.write_now(lambda tx: tx.purge(at(100 * 1440), 500)) == 2
    if deleted_by_hand:
        store.write_now(lambda tx: tx.execute("DELETE FROM event"))
    receive(store, 99 * 1440)
    assert store.read_now(lambda r: r.region.head()) == number
