"""The answers to what the municipality asks beside the usual fields of a capture.

Owns what each kind of field allows, and the error for a field of a form that cannot be used. Which fields
there are: `gateway.config.office.AskedField`. Must not know the other fields of the form.
"""

import math
from collections.abc import Mapping, Sequence

from gateway.config.office import AskedField
from gateway.domain.errors import BadInputError
from gateway.words.catalogue import Translations

PREFIX = "field."
YES_NO = ("yes", "no")
MAX_TEXT = 200


class FieldError(BadInputError, ValueError):
    """A field of the form cannot be used; `text` says which, and what is allowed, to the person."""

    def __init__(self, field: str, value: str, asked: AskedField | None = None) -> None:
        super().__init__(f"{field} {value[:60]!r}")
        self.field, self.value, self.asked = field, value, asked

    def text(self, words: Translations) -> str:
        """What is said to the person."""
        if self.asked is None:
            return words(f"form.bad.{self.field}")
        name = self.asked.label(words.language)
        return words("form.bad.missing" if not self.value else "form.bad.asked", name=name)


def answered(
    fields: Mapping[str, str], asked: Sequence[AskedField], *, all_required: bool
) -> dict[str, str]:
    """The answers by key, empty ones left out. Raises FieldError; what nobody asked is not read.

    `all_required`: whether the required ones must be there.
    """
    found = {}
    for one in asked:
        value = fields.get(f"{PREFIX}{one.key}", "").strip()
        if value and not _fits(one, value):
            raise FieldError(one.key, value, one)
        if not value and one.required and all_required:
            raise FieldError(one.key, "", one)
        if value:
            found[one.key] = value
    return found


def _fits(asked: AskedField, value: str) -> bool:
    if asked.kind == "choice":
        return value in asked.choices
    if asked.kind == "yes-no":
        return value in YES_NO
    if asked.kind == "number":
        return _is_number(value)
    return len(value) <= MAX_TEXT


def _is_number(value: str) -> bool:
    try:
        return len(value) <= MAX_TEXT and math.isfinite(float(value))
    except ValueError:
        return False
