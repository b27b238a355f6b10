"""Why a backup of the whole gateway cannot be made or used; each text says what to do."""

from gateway.domain.errors import UnreachableError


class BackupError(UnreachableError):
    """The backup cannot be made, read or put back; nothing has been changed."""


class WrongKeyError(BackupError):
    """The passphrase or key does not open the file."""


class CutFileError(BackupError):
    """The file is not whole: its end is missing, or bytes of it have changed."""


class NewerFileError(BackupError):
    """Another program, newer than this one, has made the file."""
