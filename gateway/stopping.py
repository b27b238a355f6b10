"""Ends a task, and again whatever of it missed its cancellation.

`asyncio.wait_for` of Python 3.11 (aiomqtt uses it) loses a cancellation that comes together with its result;
a task group would wait for that part for ever. Must not know what the task does.
"""

import asyncio
from typing import Any

AGAIN_S = 2.0  # between cancellations of what is still running


def stop(task: asyncio.Task[None]) -> None:
    """Cancel the task, now and again until it has ended. Whoever waits for it is not cancelled again."""
    waiting = asyncio.current_task()  # None in a handler of a signal
    task.cancel()
    asyncio.get_running_loop().call_later(AGAIN_S, _cancel_again, task, waiting)


def _cancel_again(task: asyncio.Task[None], waiting: asyncio.Task[Any] | None) -> None:
    if task.done():
        return
    for one in asyncio.all_tasks():
        if one.cancelling() and one is not waiting:
            one.cancel()
    asyncio.get_running_loop().call_later(AGAIN_S, _cancel_again, task, waiting)
