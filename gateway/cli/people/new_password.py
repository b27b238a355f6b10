"""A new password for a command: asked for twice, or read from standard input.

Owns the question. Must not keep a password, nor know where accounts are kept.
"""

import sys

import typer

from dashboard.web.entry.passwords import LEAST_LENGTH, LONGEST, is_long_enough
from gateway.domain.errors import BadInputError


class PasswordLengthError(BadInputError):
    """The password is too short or too long."""


def ask_password() -> str:
    """Prompt twice at a terminal, else read the first line of standard input. Raises PasswordLengthError."""
    if sys.stdin.isatty():
        given: str = typer.prompt(
            "パスワード / password", hide_input=True, confirmation_prompt=True
        )
    else:
        given = sys.stdin.readline().rstrip("\n")
    if not is_long_enough(given):
        raise PasswordLengthError(
            f"a password of {len(given)} characters: at least {LEAST_LENGTH}, at most {LONGEST}"
        )
    return given
