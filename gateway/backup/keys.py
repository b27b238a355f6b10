"""The keys of a backup: whoever knows the passphrase opens it, and so may further recipients of age.

Owns the gateway's key pair. Its secret half lies on the gateway, for the monthly drill, and, encrypted with
the passphrase, in each backup; the passphrase itself is kept nowhere. Making it costs a second and some
memory once, not each night. Must not read or write a backup.
"""

import secrets
from pathlib import Path

import pyrage
from msgspec import Struct

from gateway.atomic_file import write
from gateway.backup.errors import BackupError, WrongKeyError

WORD = "abcdefghjkmnpqrstuvwxyz23456789"  # without letters that look alike
LEAST_LETTERS = 12
IDENTITY, WRAPPED = "backup_identity", "backup_key.age"


class Keys(Struct, frozen=True):
    """The files of the gateway's key pair, in the folder of its secrets."""

    folder: Path

    @property
    def exist(self) -> bool:
        return (self.folder / IDENTITY).exists() and (self.folder / WRAPPED).exists()

    def make(self, passphrase: str) -> None:
        """A new pair. Raises BackupError when there is one, or when the passphrase is short."""
        if self.exist:
            raise BackupError(
                f"{self.folder / WRAPPED}: 合言葉はもう決まっています / there is a passphrase already; "
                "--new-key replaces it (older backups keep theirs)"
            )
        self.replace(passphrase)

    def replace(self, passphrase: str) -> None:
        """A new pair in place of the old one; older backups still open with their own passphrase."""
        if len(passphrase) < LEAST_LETTERS:
            raise BackupError(f"合言葉は{LEAST_LETTERS}文字以上 / at least {LEAST_LETTERS} letters")
        identity = pyrage.x25519.Identity.generate()
        wrapped = pyrage.passphrase.encrypt(str(identity).encode(), passphrase)
        _write(self.folder / WRAPPED, wrapped)
        _write(self.folder / IDENTITY, str(identity).encode())

    def wrapped(self) -> bytes:
        """The secret half, encrypted with the passphrase. Raises BackupError when there is none."""
        return _read(self.folder / WRAPPED)

    def identity(self) -> pyrage.x25519.Identity:
        """The secret half, for the drill. Raises BackupError when there is none."""
        return parsed(_read(self.folder / IDENTITY).decode())


def unwrapped(wrapped: bytes, passphrase: str) -> pyrage.x25519.Identity:
    """The secret half of a backup. Raises WrongKeyError."""
    try:
        return parsed(pyrage.passphrase.decrypt(wrapped, passphrase).decode())
    except pyrage.DecryptError:
        raise WrongKeyError(
            "この合言葉では開きません / this passphrase does not open the backup"
        ) from None


def parsed(text: str) -> pyrage.x25519.Identity:
    """An identity of age (AGE-SECRET-KEY-…). Raises WrongKeyError."""
    lines = [line.strip() for line in text.splitlines()]
    try:
        return pyrage.x25519.Identity.from_str(
            next(line for line in lines if line.startswith("AGE-SECRET-KEY-"))
        )
    except (StopIteration, pyrage.IdentityError):
        raise WrongKeyError("no key of age: AGE-SECRET-KEY-… / age の鍵ではありません") from None


def recipient(text: str) -> pyrage.x25519.Recipient:
    """A recipient of age (age1…). Raises BackupError."""
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise BackupError(
            f"backup.recipients: {text!r}: age1… / age の公開鍵ではありません"
        ) from None


def invented() -> str:
    """A passphrase that nobody guesses and that can be written on paper: five groups of four."""
    return "-".join("".join(secrets.choice(WORD) for _ in range(4)) for _ in range(5))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BackupError(
            f"{path}: {error.strerror}; 合言葉を決めてください / make a passphrase: "
            "sudo shishigaki backup --new-key"
        ) from None


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write(path, data, 0o600)
    except OSError as error:
        raise BackupError(
            f"{path}: {error.strerror}; 管理者で / as root: sudo shishigaki …"
        ) from None
