"""Every provider that Apprise knows: mail, ntfy, Telegram, webhooks ... URL: any Apprise URL.

Owns one Apprise object per recipient and channel, so that each delivery has its own answer.
Apprise is imported on first use: a board that only uses the console does not pay for it.
"""

import asyncio

from gateway.channels import Letter, Send, Undelivered

TIMEOUT_S = 20


def open_apprise(url: str) -> Send:
    """`url`: an Apprise URL; ValueError when Apprise does not know it."""
    import apprise

    target = apprise.Apprise()
    if not target.add(url):
        raise ValueError(f"Apprise knows no such address: {url.split(':', 1)[0]}:...")

    async def send(letter: Letter) -> str:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                taken = await target.async_notify(title=letter.title, body=letter.text)
        except TimeoutError:
            raise Undelivered(f"no answer within {TIMEOUT_S} s") from None
        if not taken:
            raise Undelivered("the provider did not accept it")
        return "accepted"

    return send
