"""Passwords: what is kept of them, and checking them one at a time.

Owns argon2 and its one slot: each check takes 19 MB, and a small board has 512. Must not count guesses.
"""

import asyncio
import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from dashboard.web.entry.guesses import TooManyTriesError

hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # 22 ms on the board
NOBODY = hasher.hash(secrets.token_hex())  # so that an unknown name takes as long as a known one
MOST_WAITING = 16  # checks that wait for the slot
LEAST_LENGTH, LONGEST = 12, 128  # characters of a new password (ASVS 2.1.1, 2.1.2)
SPACES = re.compile(r"\s+")

T = TypeVar("T")

_slot = ThreadPoolExecutor(1, "password")  # one for the process; a cancelled request keeps its turn


def is_long_enough(password: str) -> bool:
    """Whether a new password has the length that is asked for; spaces in a row count as one.

    Passwords that were chosen when less was asked for still log in.
    """
    return len(SPACES.sub(" ", password)) >= LEAST_LENGTH and len(password) <= LONGEST


def hash_password(password: str) -> str:
    """What is kept of a password: argon2id with its parameters and salt."""
    return hasher.hash(password)


class PasswordCheck:
    """Checks passwords off the loop."""

    def __init__(self) -> None:
        self._waiting = 0

    async def matches(self, wanted: str, password: str) -> bool:
        """Whether a password is the one that `wanted` was made of; "": there is none, and nothing fits.

        Raises TooManyTriesError when too many wait already.
        """
        return await self._in_turn(_matches, wanted, password)

    async def hash(self, password: str) -> str:
        """What is kept of a new password. Raises TooManyTriesError when too many wait already."""
        return await self._in_turn(hash_password, password)

    async def _in_turn(self, work: Callable[..., T], *given: str) -> T:
        if self._waiting >= MOST_WAITING:
            raise TooManyTriesError
        self._waiting += 1
        checking = asyncio.get_running_loop().run_in_executor(_slot, work, *given)
        checking.add_done_callback(self._done)
        return await checking

    def _done(self, _: object) -> None:
        self._waiting -= 1


def _matches(wanted: str, password: str) -> bool:
    try:
        hasher.verify(wanted or NOBODY, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return bool(wanted)
