"""Who may say and hear what at the broker. PURE: a site and its accounts in, the text of an ACL out.

Owns the rights as a table, and the text that mosquitto reads. Every topic of a sensor names the site and
the sensor and ends in a word of the table: it has a few topics, so what the broker keeps of it is bounded.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

GATEWAY = "shishigaki.gateway"
OWN_LINES = "# ---- 以下は自由に書けます。作り直しても残ります / your own lines below this one are kept ----"
_ACCOUNT = re.compile(r"# account (\S+) (\S+)\Z")


class Use(StrEnum):
    """What an account is for: one device, or a program that brings the messages of many."""

    NATIVE = "native"
    ESPHOME = "esphome"
    TASMOTA = "tasmota"
    CHIRPSTACK = "chirpstack"
    ZIGBEE2MQTT = "zigbee2mqtt"
    MESHTASTIC = "meshtastic"
    FRIGATE = "frigate"
    EQUIPMENT = "equipment"
    HOMEASSISTANT = "homeassistant"
    SIREN = "siren"
    CLASSIFIER = "classifier"


class Right(NamedTuple):
    """`may`: read, write or readwrite; in `topic`, {site} and {name} stand for the account's."""

    may: str
    topic: str


DEVICE = (  # every sensor speaks for itself only, and hears which of its messages are safe to forget
    Right("write", "wildlife/v1/{site}/%u/event"),
    Right("write", "wildlife/v1/{site}/%u/telemetry"),
    Right("write", "wildlife/v1/{site}/%u/status"),
    Right("write", "wildlife/v1/{site}/%u/meta"),
    Right("read", "shishigaki/v1/{site}/%u/confirm"),
)
GATEWAY_RIGHTS = (
    Right("read", "#"),
    Right("read", "$SYS/#"),
    Right("write", "shishigaki/#"),
    Right("write", "homeassistant/#"),
    Right("write", "msh/+/2/json/mqtt/#"),
)
RIGHTS: dict[Use, tuple[Right, ...]] = {  # beside DEVICE
    Use.NATIVE: (),
    Use.ESPHOME: (),
    Use.TASMOTA: (
        *(Right("write", f"tele/{{name}}/{leaf}") for leaf in ("SENSOR", "STATE", "LWT")),
        Right("write", "stat/{name}/RESULT"),
        Right("read", "cmnd/{name}/#"),
    ),
    Use.CHIRPSTACK: (
        Right("write", "application/#"),
        Right("read", "application/+/device/+/command/down"),
    ),
    Use.ZIGBEE2MQTT: (Right("readwrite", "zigbee2mqtt/#"), Right("readwrite", "homeassistant/#")),
    Use.MESHTASTIC: (Right("readwrite", "msh/#"),),
    Use.FRIGATE: (Right("readwrite", "frigate/#"),),
    Use.EQUIPMENT: (Right("write", "zigbee2mqtt/#"), Right("write", "frigate/#")),
    Use.HOMEASSISTANT: (Right("readwrite", "homeassistant/#"), Right("read", "shishigaki/v1/#")),
    Use.SIREN: (
        Right("read", "shishigaki/v1/{site}/alerts"),
        Right("read", "shishigaki/v1/{site}/gateway/status"),
        Right("write", "siren/#"),
    ),
    Use.CLASSIFIER: (
        Right("read", "shishigaki/v1/{site}/picture/+"),
        Right("write", "shishigaki/v1/{site}/picture/+/label"),
    ),
}
DEVICES = (
    Use.NATIVE,
    Use.ESPHOME,
    Use.TASMOTA,
)  # the account's name is the device's; others get .local
HEAD = """\
# 誰がどのトピックを読み書きできるか。`shishigaki broker setup` が作ります / made by `shishigaki broker setup`
# Who may say and hear what. Change it by `shishigaki devices enrol` and `revoke`, or below the last comment.
# mosquitto answers a forbidden publish or subscription as if it were allowed; it just never arrives.
"""


def account_name(name: str, use: Use) -> str:
    """The user name: a device's own, or that of a program, which no device can have."""
    return name if use in DEVICES else f"{name}.local"


def acl(site: str, accounts: Mapping[str, Use], own_lines: str = "") -> str:
    """The text of the ACL. `accounts`: user name -> use; `own_lines`: what the operator added."""
    parts = [HEAD, _lines(Right(f"pattern {may}", topic) for may, topic in _at(site, "", DEVICE))]
    parts += [f"user {GATEWAY}", _lines(_topics(GATEWAY_RIGHTS))]
    for name, use in sorted(accounts.items()):
        parts += [
            f"# account {name} {use}",
            f"user {name}",
            _lines(_topics(_at(site, name, RIGHTS[use]))),
        ]
    text = "\n".join(part for part in parts if part)
    return f"{text}\n{OWN_LINES}\n{own_lines}"


def accounts_in(text: str) -> dict[str, Use]:
    """The accounts that an ACL made here names."""
    found = (_ACCOUNT.match(line) for line in text.splitlines())
    return {one[1]: Use(one[2]) for one in found if one and one[2] in set(Use)}


def own_lines_in(text: str) -> str:
    """What the operator added to an ACL; of one that was not made here, all accounts but the gateway's."""
    _, mark, own = text.partition(f"{OWN_LINES}\n")
    return own if mark else _foreign(text)


def _foreign(text: str) -> str:
    kept, mine = [], False
    for line in text.splitlines():
        if line.startswith("user "):
            mine = line.split()[1] != GATEWAY
        if mine and line and not line.startswith("#"):
            kept.append(line)
    return "".join(f"{line}\n" for line in kept)


def _at(site: str, name: str, rights: Iterable[Right]) -> list[Right]:
    return [
        Right(one.may, one.topic.replace("{site}", site).replace("{name}", name)) for one in rights
    ]


def _topics(rights: Iterable[Right]) -> list[Right]:
    return [Right(f"topic {one.may}", one.topic) for one in rights]


def _lines(rights: Iterable[Right]) -> str:
    return "\n".join(f"{one.may} {one.topic}" for one in rights)
