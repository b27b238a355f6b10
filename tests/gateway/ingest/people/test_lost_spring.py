"""A spring whose message was lost, found by a person: the next one is told all the same."""

from pathlib import Path

import pytest

from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.model import ActionKind, Kind, TrapState
from tests.gateway.ingest.messages.field import Field

HOUR_S = 3_600.0


def found_sprung(folder: Path, deed: ActionKind) -> Field:
    """A sensor that says its state said "armed"; a person found the trap sprung and set it again."""
    field = Field(folder)
    field.hear(Kind.SET, 0, is_state=True)
    field.act(deed, 10 * HOUR_S)
    return field


@pytest.mark.parametrize("deed", [ActionKind.CAPTURED, ActionKind.FALSE_SPRING])
def test_the_next_spring_after_one_that_was_lost_on_the_air_alerts(
    tmp_path: Path, deed: ActionKind
) -> None:
    field = found_sprung(tmp_path, deed)
    field.hear(Kind.SET, 10.1 * HOUR_S, is_state=True)
    assert field.state is TrapState.ARMED
    field.hear(Kind.SPRUNG, 20 * HOUR_S, is_state=True)
    assert [alert.rule for alert in field.alerts] == [RuleName.TRAP_SPRUNG]
    field.store.close()


def test_armed_again_is_news_once_only(tmp_path: Path) -> None:
    field = found_sprung(tmp_path, ActionKind.FALSE_SPRING)
    for hour in (11, 17, 23):
        field.hear(Kind.SET, hour * HOUR_S, is_state=True)
    kinds = [event.kind for event in field.events]
    assert kinds == [Kind.SET, Kind.SET, Kind.HEARTBEAT, Kind.HEARTBEAT]
    field.store.close()


def test_control_armed_from_before_the_person_came_is_a_heartbeat(tmp_path: Path) -> None:
    field = found_sprung(tmp_path, ActionKind.FALSE_SPRING)
    field.hear(Kind.SET, 10.2 * HOUR_S, sent_s=9 * HOUR_S, is_state=True)
    assert field.events[-1].kind is Kind.HEARTBEAT
    assert field.state is TrapState.FALSE_SPRING
    field.store.close()
