"""The files that mosquitto reads: where they lie, who may read them, and how the broker takes new ones.

Owns paths, owners, modes and the signal. A file is replaced as a whole: a power cut leaves the old or the new
one; certificate and key are one file, so that they always fit each other. Must not know what stands in them.
"""

import grp
import os
import signal
from contextlib import suppress
from pathlib import Path

from gateway.atomic_file import replacing
from gateway.config import BrokerSettings
from gateway.domain.errors import BadConfigurationError

GROUP = "mosquitto"
EQUIPMENT_PID = Path("/run/shishigaki-equipment/mosquitto.pid")  # the broker of large messages


class BrokerFilesError(BadConfigurationError):
    """The broker's files cannot be written; the text says what to do."""


class BrokerFiles:
    """The files of one broker, in one folder."""

    def __init__(self, settings: BrokerSettings) -> None:
        folder = self.folder = Path(settings.folder)
        self.acl = folder / "shishigaki.acl"
        self.passwords = folder / "shishigaki.passwd"
        self.authority = folder / "certs" / "shishigaki-ca.crt"
        self.authority_key = folder / "certs" / "shishigaki-ca.key"
        self.identity = folder / "certs" / "shishigaki.pem"  # the broker's certificate and its key
        self.bridge = folder / "equipment.d" / "bridge.conf"  # from the broker of large messages
        self._pid_file = Path(settings.pid_file)

    @property
    def are_ours(self) -> bool:
        """Whether the broker of this machine is set up by us."""
        return self.passwords.exists()

    def read(self, path: Path) -> str:
        """A file's text; empty if there is none. Raises BrokerFilesError."""
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise BrokerFilesError(_said(path, error)) from None

    def write(self, path: Path, data: bytes | str, mode: int = 0o640) -> None:
        """Replace a file; 0640 is read by root and the broker. Raises BrokerFilesError."""
        text = data.encode() if isinstance(data, str) else data
        try:
            path.parent.mkdir(mode=0o755, exist_ok=True)
            with replacing(path, 0o600) as file:
                file.write(text)
                _hand_over(file.fileno())
                os.fchmod(file.fileno(), mode)
        except OSError as error:
            raise BrokerFilesError(_said(path, error)) from None

    def reload(self) -> bool:
        """Have the broker read the files again: whoever has no right any more is cut off.

        False: it does not run. Raises BrokerFilesError if it may not be told.
        """
        with suppress(BrokerFilesError):  # it may not be in use
            _hang_up(EQUIPMENT_PID)
        return _hang_up(self._pid_file)


def _hang_up(pid_file: Path) -> bool:
    """The broker writes this file itself: a number that means several processes, or the first, is none."""
    try:
        number = int(pid_file.read_text())
        if number > 1:
            os.kill(number, signal.SIGHUP)
    except (FileNotFoundError, ProcessLookupError, ValueError, OverflowError):
        return False
    except OSError as error:
        raise BrokerFilesError(_said(pid_file, error)) from None
    return number > 1


def _hand_over(handle: int) -> None:
    """To root and the broker's group, where there is one and we may."""
    with suppress(KeyError, PermissionError):
        os.fchown(handle, 0, grp.getgrnam(GROUP).gr_gid)


def _said(path: Path, error: OSError) -> str:
    return f"{path}: {error.strerror}。sudo shishigaki … で / run it with sudo"
