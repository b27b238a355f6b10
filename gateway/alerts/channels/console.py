"""The console channel: alerts as lines on the gateway's own terminal or journal. URL: ``console:``."""

import sys

from gateway.alerts.channels import ChannelOptions, Notification, Send


def open_console(url: str, options: ChannelOptions) -> Send:
    """`url` is ``console:`` without further parts."""
    return _send


async def _send(notification: Notification) -> str:
    sys.stdout.write(f"🔔 {notification.title} {notification.text}\n")
    sys.stdout.flush()
    return "shown"
