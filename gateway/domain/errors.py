"""Errors that a person can correct: a broken setting, list, file or port. Commands print them in one line.

Owns the base class that separates them from our own bugs, which keep their stack trace.
"""


class ShishigakiError(Exception):
    """The text names the value and what is allowed."""
