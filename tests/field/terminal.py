"""A person at a terminal: types the answer to each question that a program asks.

Owns the pseudo terminal. Must not answer what was not expected.
"""

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping, Sequence


def converse(
    command: Sequence[str], replies: Mapping[str, str], within_s: float
) -> tuple[int, str]:
    """Exit code and everything that was shown. `replies`: by a piece of the question's last line."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, close_fds=True
    )
    os.close(slave)
    shown, asked, end = b"", 0, time.monotonic() + within_s
    try:
        while time.monotonic() < end:
            ready, _, _ = select.select([master], [], [], 0.5)
            try:
                piece = os.read(master, 65_536) if ready else b""
            except OSError:  # the other end is closed
                break
            shown += piece
            if not ready and process.poll() is not None:
                break
            asked = _reply(master, shown, asked, replies)
        else:
            raise AssertionError(f"not done in {within_s:g} s: {shown.decode(errors='replace')}")
        return process.wait(30), shown.decode(errors="replace")
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _reply(master: int, shown: bytes, asked: int, replies: Mapping[str, str]) -> int:
    """Type the answer to a question that stands on the last line; how much was shown then."""
    last = shown[asked:].decode(errors="replace").rpartition("\n")[2]
    if not last.endswith(": "):
        return asked
    for question, answer in replies.items():
        if question in last:
            os.write(master, f"{answer}\n".encode())
            return len(shown)
    return asked
