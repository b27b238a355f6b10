"""What a person can put right: a broken setting, list, file or port. Commands print it in one line.

Owns the one name that separates it from our own bugs, which keep their stack trace.
"""


class ShishigakiError(Exception):
    """The text names the value and what is allowed."""
