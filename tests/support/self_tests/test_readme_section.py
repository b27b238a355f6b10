"""The script that puts a table into a marked section of a document."""

import pytest

from tests.support.documents.readme_section import replaced

DOCUMENT = "before\n<!-- table: made by x -->\nold\n<!-- /table -->\nafter\n"


def test_only_the_section_is_replaced() -> None:
    found = replaced(DOCUMENT, "table", "new\\1 line\n")
    assert found == "before\n<!-- table: made by x -->\nnew\\1 line\n<!-- /table -->\nafter\n"


@pytest.mark.parametrize(("name", "text"), [("other", "new"), ("table", " \n")])
def test_a_missing_section_and_an_empty_text_are_refused(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=name):
        replaced(DOCUMENT, name, text)
