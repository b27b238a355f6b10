"""An SFTP server on loopback, in this process: paramiko's, over real SSH, on a private folder."""

import contextlib
import os
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import paramiko
from paramiko import SFTPAttributes, SFTPHandle, SFTPServer, SFTPServerInterface
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.sftp import SFTP_OK

PASSWORD = "for this test only"


class _Login(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        good = password == PASSWORD
        return AUTH_SUCCESSFUL if good else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED

    def get_allowed_auths(self, username: str) -> str:
        return "password"


class _Files(SFTPServerInterface):
    """The calls that fsspec makes."""

    root = Path()

    def _real(self, path: str) -> Path:
        return self.root / self.canonicalize(path).lstrip("/")

    def list_folder(self, path: str) -> list[SFTPAttributes] | int:
        files = sorted(self._real(path).iterdir())
        return [SFTPAttributes.from_stat(one.stat(), one.name) for one in files]

    def stat(self, path: str) -> SFTPAttributes | int:
        try:
            return SFTPAttributes.from_stat(self._real(path).stat())
        except OSError as error:
            return SFTPServer.convert_errno(error.errno or 0)

    lstat = stat

    def open(self, path: str, flags: int, attr: SFTPAttributes) -> SFTPHandle | int:
        try:
            number = os.open(self._real(path), flags, 0o600)
        except OSError as error:
            return SFTPServer.convert_errno(error.errno or 0)
        mode = "r+b" if flags & os.O_RDWR else "wb" if flags & os.O_WRONLY else "rb"
        file = os.fdopen(number, mode)
        handle = SFTPHandle(flags)
        for name in ("readfile", "writefile"):
            setattr(handle, name, file)
        return handle

    def remove(self, path: str) -> int:
        self._real(path).unlink()
        return SFTP_OK

    def rename(self, oldpath: str, newpath: str) -> int:
        self._real(oldpath).rename(self._real(newpath))
        return SFTP_OK

    posix_rename = rename

    def mkdir(self, path: str, attr: SFTPAttributes) -> int:
        self._real(path).mkdir()
        return SFTP_OK


class SftpServer:
    """A context manager; `port` on loopback, files below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._key = paramiko.RSAKey.generate(2048)
        self._transports: list[paramiko.Transport] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)  # a thread that waits in accept() ends too
        self._socket.close()
        for one in self._transports:
            one.close()

    def _serve(self) -> None:
        files = type("Files", (_Files,), {"root": self.folder})
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            transport = paramiko.Transport(client)
            self._transports.append(transport)
            transport.add_server_key(self._key)
            transport.set_subsystem_handler("sftp", SFTPServer, files)
            with contextlib.suppress(
                paramiko.SSHException, EOFError
            ):  # a client that left too early
                transport.start_server(server=_Login())
