"""The console channel: alerts as lines on the gateway's own terminal or journal. URL: ``console:``."""

import sys

from gateway.alerts.channels import Means, Notification, Send


def open_console(url: str, means: Means) -> Send:
    """`url` says nothing more than ``console:``."""
    return _send


async def _send(letter: Notification) -> str:
    sys.stdout.write(f"🔔 {letter.title} {letter.text}\n")
    sys.stdout.flush()
    return "shown"
