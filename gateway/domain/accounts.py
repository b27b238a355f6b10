"""Who may log in to the dashboard, and with which rights.

Owns plain frozen values. Must not check a password."""

from enum import IntEnum

from msgspec import Struct


class Rank(IntEnum):
    """What a person may do in the dashboard; each includes the ones before it."""

    VIEWER = 1
    TRAPPER = 2
    OFFICIAL = 3
    ADMIN = 4


class Account(Struct, frozen=True):
    """Somebody who can log in."""

    name: str
    rank: Rank
    password_hash: str  # argon2id, with its parameters
