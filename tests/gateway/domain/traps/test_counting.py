"""Which of a chain's actions count: the newest correction, and never what was taken back."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.domain.model import ActionKind, TrapAction
from gateway.domain.traps.corrections import counting
from tests.gateway.alerts.site import deed_at


def action(id_: str, replaces: str | None = None, *, is_undo: bool = False) -> TrapAction:
    return replace(deed_at(ActionKind.CAPTURED, 1), id=id_, replaces=replaces, is_undo=is_undo)


def ids(*actions: TrapAction) -> list[str]:
    return [one.id for one in counting(actions)]


A, B, C = action("a"), action("b", "a"), action("c", "b")


def test_of_a_chain_of_corrections_the_last_counts() -> None:
    assert ids(A) == ["a"]
    assert ids(A, B) == ["b"]
    assert ids(A, B, C) == ["c"]


def test_what_was_taken_back_counts_no_longer_and_what_it_corrected_counts_again() -> None:
    assert ids(A, action("u", "a", is_undo=True)) == []
    assert ids(A, B, action("u", "b", is_undo=True)) == ["a"]
    assert ids(A, B, C, action("u", "c", is_undo=True)) == ["b"]


@given(st.permutations(["a", "b", "c", "d", "u"]))
def test_the_order_in_which_actions_are_read_decides_nothing(order: list[str]) -> None:
    made = {one.id: one for one in (A, B, C, action("d"), action("u", "c", is_undo=True))}
    assert sorted(ids(*(made[name] for name in order))) == ["b", "d"]
