"""The names of the topics that the gateway itself writes. PURE.

Owns these names, and how an id becomes one level of a topic. Must not know what is published there.
"""

import re
from hashlib import blake2b

ROOT = "shishigaki/"
_PLAIN = re.compile(r"[a-z0-9-]{1,32}")


def level(text: str) -> str:
    """An id as one level of a topic: native ids as they are, others shortened, with a hash."""
    if _PLAIN.fullmatch(text):
        return text
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:24]
    return f"{plain}-{blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=3).hexdigest()}"


def of_site(site: str) -> str:
    """What all topics of a site begin with."""
    return f"{ROOT}v1/{site}/"


def status(site: str) -> str:
    """Whether the gateway is connected: `online`, last will `offline`."""
    return f"{of_site(site)}gateway/status"


def doctor(site: str) -> str:
    """What `shishigaki doctor` says to itself; not retained."""
    return f"{of_site(site)}gateway/doctor"


def version(site: str) -> str:
    """The version of the gateway's program."""
    return f"{of_site(site)}gateway/version"


def state(site: str, device: str) -> str:
    """The state of a device."""
    return f"{of_site(site)}{level(device)}/state"


def event(site: str, device: str) -> str:
    """What happened at a device just now; not retained."""
    return f"{of_site(site)}{level(device)}/event"


def alert(site: str, id_: str) -> str:
    """One open alert."""
    return f"{of_site(site)}alert/{id_}"


def alerts(site: str) -> str:
    """How many alerts are open, and the newest one."""
    return f"{of_site(site)}alerts"


def notices(site: str) -> str:
    """What the topics of people's `mqtt:` channels begin with, if the channel names no other prefix."""
    return f"{of_site(site)}notice/"


def notices_of(prefix: str, person: str) -> str:
    """What the topics of one person's channel begin with: nobody else writes there."""
    return f"{prefix}{level(person)}/"


def notice_prefix(url: str, site: str, person: str) -> str:
    """The same, of a channel's URL: `mqtt:` or `mqtt:PREFIX/`. Raises ValueError."""
    prefix = url.split(":", 1)[1] or notices(site)
    is_topic = prefix.startswith(ROOT) and prefix.endswith("/") and not set(prefix) & set("+#\0")
    if not is_topic:
        raise ValueError(f"the prefix must begin with {ROOT}, end with / and hold no wildcard")
    if prefix.startswith(f"{ROOT}v1/") and prefix != notices(site):
        raise ValueError(f"the prefix must not begin with {ROOT}v1/: the gateway writes there")
    return notices_of(prefix, person)
