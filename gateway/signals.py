"""Signals that end the program while it starts, also as process 1 of a container.

Owns what happens before a command handles signals itself. Must import nothing heavy: it runs first. The
kernel ignores a signal to process 1 that has no handler; every other process just ends.
"""

import os
import signal
import threading

ENDING = (signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)
_SIGNALLED = 128  # a shell's exit code of a program that a signal ended: 128 + the signal's number


def end_early() -> None:
    """As process 1, end at once at a signal, even inside a long call of the database."""
    if os.getpid() != 1:
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    for number in ENDING:
        signal.signal(number, lambda *_: None)  # with a handler, Python writes to the pipe at once
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_wait, args=(reading,), name="signals", daemon=True).start()


def _wait(reading: int) -> None:
    """End the process at the first of ENDING. An event loop that handles signals takes over the pipe."""
    while received := os.read(reading, 1):
        if received[0] in ENDING:
            os._exit(_SIGNALLED + received[0])
