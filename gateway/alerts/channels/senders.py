"""Whether a reply comes from the address to which a channel sends. Must not send.

Owns the comparison. An address can be forged, so it never suffices alone where a ticket is asked for.
"""

from functools import lru_cache

from gateway.alerts.channels.apprise import mail_addresses
from gateway.alerts.channels.meshtastic import node_of
from gateway.alerts.channels.table import scheme_of
from gateway.alerts.replies import IncomingReply, Way

MAIL = frozenset({"mailto", "mailtos"})
NTFY = frozenset({"ntfy", "ntfys"})


def is_from(url: str, reply: IncomingReply) -> bool:
    """Whether a channel's URL names the sender of a reply."""
    if reply.way is Way.MAIL:
        return scheme_of(url) in MAIL and reply.sender.lower() in _addresses(url)
    if reply.way is Way.MESHTASTIC:
        return scheme_of(url) == "meshtastic" and f"!{node_of(url):08x}" == reply.sender
    return False


@lru_cache(1_024)
def _addresses(url: str) -> frozenset[str]:
    return mail_addresses(url)
