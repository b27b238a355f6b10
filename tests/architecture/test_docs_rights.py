"""What the documentation says of rights is what the code does."""

import pytest

from dashboard.web.rights.docs import FILE, TABLES, filled, matrix_table, route_table
from dashboard.web.rights.routes import ROUTES
from gateway.domain.people.permissions import MATRIX


def test_the_tables_are_those_of_the_code() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert filled(text) == text, "run: python -m dashboard.web.rights.docs"


def test_a_changed_cell_is_noticed() -> None:
    text = FILE.read_text(encoding="utf-8")
    changed = text.replace("| **viewer** | 5 km", "| **viewer** | exact")
    assert changed != text
    assert filled(changed) == text


def test_every_role_and_every_route_has_its_line() -> None:
    assert len(matrix_table().splitlines()) == len(MATRIX) + 2
    assert len(route_table().splitlines()) == len(ROUTES) + 2


def test_a_missing_marker_is_an_error() -> None:
    for name in TABLES:
        text = FILE.read_text(encoding="utf-8").replace(f"<!-- /{name} -->", "")
        with pytest.raises(ValueError, match=name):
            filled(text)
