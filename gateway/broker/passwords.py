"""Passwords at the broker. PURE: the text of mosquitto's password file in and out.

Owns the form of a line ($7$, PBKDF2 with SHA-512) and how a password is made. Must not read or write a file.
"""

import base64
import hashlib
import secrets

PASSWORD_BITS = 120
SALT_BYTES = 12  # mosquitto 2.0 takes no other
ROUNDS = 101  # mosquitto's own figure: the passwords are random, so that slowness adds nothing
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # 32, without those that are read wrongly


def new_password() -> str:
    """24 letters and digits, which can be typed: 120 random bits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(PASSWORD_BITS // 5))


def line(name: str, password: str) -> str:
    """The line of an account."""
    salt = secrets.token_bytes(SALT_BYTES)
    code = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    return f"{name}:$7${ROUNDS}${_base64(salt)}${_base64(code)}\n"


def names(text: str) -> list[str]:
    """The accounts of a password file."""
    return [one.partition(":")[0] for one in text.splitlines() if ":" in one]


def without(text: str, name: str) -> str:
    """The file without an account."""
    kept = [one for one in text.splitlines() if one.partition(":")[0] != name]
    return "".join(f"{one}\n" for one in kept)


def fits(text: str, name: str, password: str) -> bool:
    """Whether an account has this password."""
    for one in text.splitlines():
        found, _, code = one.partition(":")
        parts = code.split("$")
        if found == name and len(parts) == 5 and parts[1] == "7":
            salt, rounds = base64.b64decode(parts[3]), int(parts[2])
            hashed = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
            return secrets.compare_digest(hashed, base64.b64decode(parts[4]))
    return False


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
