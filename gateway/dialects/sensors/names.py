"""The meaning of names of inputs and fields: words, purposes of inputs, flags.

Owns the words in use (Home Assistant's device classes and people's usual names) and how a name is split
into them. Must not know dialects, values or devices.
"""

import re
from enum import StrEnum
from functools import lru_cache

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_MOTION = re.compile(r"motion|pir|occupan|presence|movement|radar|人感|動体|人体", re.IGNORECASE)
_TAMPER = re.compile(r"tamper|dismantl|いたずら|こじ開け", re.IGNORECASE)


BARE = "battery"  # a battery's figure without a unit


class Purpose(StrEnum):
    """The purpose of an on/off input."""

    CONTACT = "contact"  # the trap's own: door, reed, switch ...
    SHOCK = "shock"  # a moment: active = sprung, inactive means nothing
    MOTION = "motion"
    TAMPER = "tamper"
    BATTERY = "battery"  # active = low
    LINK = "link"  # connected or not
    DIAGNOSTIC = "diagnostic"  # about the node itself: update, charging, problem ...
    UNTOLD = ""  # the name shows no purpose


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COMPOUND = {
    **dict.fromkeys(("lowbattery", "batterylow", "lowbat", "lowbatt"), ("low", "battery")),
    **dict.fromkeys(("batlow", "battlow"), ("low", "battery")),
    **dict.fromkeys(
        ("batt", "bat", "batteries", "accu", "akku", "電池", "バッテリー"), ("battery",)
    ),
    **dict.fromkeys(("vbat", "vbatt", "batv", "battv"), ("battery", "voltage")),
    **dict.fromkeys(("電池残量低下", "電池低下", "電池切れ"), ("low", "battery")),
}
_BATTERY = "battery"
_LOW = _set("low critical empty flat weak lowbattery under 低下 不足")
_FLAG = _set("alarm alert warning warn status state flag is sensor level indicator")
_CHARGING = _set(
    "charging charger charge charged plug plugged power powered usb mains ac dc vbus solar supply adapter psu"
)
_LINK = _set(
    "status online offline connected connection connectivity connect api mqtt wifi wlan lan ethernet "
    "network internet link alive heartbeat available availability reachable ping uplink 接続"
)
_NODE = _set(
    "update updates upgrade firmware ota problem problems fault error errors failure fail failed warning "
    "overheat overheating overload throttled safe safety mode running boot booted booting restart reboot "
    "reset watchdog led light lamp relay pump fan heat heater cold moisture leak rain wet water smoke gas "
    "co sound noise dark daylight day night lux temperature temp humidity sleep sleeping deep debug test "
    "maintenance config setup lock_low button key press knob diagnostic voltage current 更新 充電 異常 故障"
)
_CONTACT = _set(
    "contact door reed gate magnet magnetic hall open opened opening closed close closing window garage "
    "lid latch trap wana snare cage spring sprung tripped trigger wire switch input digital gpio pin limit "
    "micro microswitch tilt hatch endstop lock hako kukuri わな 罠 扉 戸 ドア 接点 磁石 箱 檻 開閉"
)
_SHOCK = _set("vibration vibrate vibrating shock impact knock drop shake shaking moving 振動 衝撃")
_PINS = _set("gpio pin io input digital d p port")  # their numbers are pins, not a count of inputs
_WEAK = _set("status state power voltage current light lock sleep test")  # beside a contact's word
_NOT_A_LEVEL = _set(
    "temperature temp current power health cycles cycle runtime time remaining_time days hours minutes "
    "resistance impedance energy capacity type count number charging charger voltage_min"
)
_VOLTS = _set("voltage volt volts v mv millivolts millivolt vcc")
_LEVEL = _set("level percent percentage pct charge soc state of remaining sensor value raw gauge")
_PER_CENT = _set("level percent percentage pct charge soc")
_NO_SIGNAL = _set(
    "percent percentage pct quality ssid bssid channel bars noise mac ip name count score"
)
_PLACE = _set("fix gps gnss position location pos")
_NOT_FIXED = _set("failed fail failure invalid error lost timeout no")
_FIXED = _set("valid ok lock locked fixed fix success")
_HOW = _set("status state quality type mode is has")
_OLD = _set("stale cached old outdated")
_SATELLITES = _set("satellites satellite sats sat numsat")
_COUNTED = _set("num number count in view used")


@lru_cache(maxsize=4_096)
def words(name: str) -> tuple[str, ...]:
    """The words of a name, lower case: the same for ``batteryLow``, ``battery_low`` and ``lowbat``."""
    found: list[str] = []
    for part in _PART.findall(name[:64]):
        word = part.lower()
        found += _COMPOUND.get(word, (word,))
    return tuple(found)


@lru_cache(maxsize=2_048)
def purpose(name: str, node: str = "") -> Purpose:
    """The purpose of an input called `name`. `node`: its device, whose words are left out."""
    every = words(name)
    own = words(node)
    parts = frozenset(word for word in every if word not in own or word == _BATTERY)
    if _TAMPER.search(name[:64]):
        return Purpose.TAMPER
    if _BATTERY in parts:
        return Purpose.DIAGNOSTIC if parts & (_CHARGING | _NODE) - _LOW else Purpose.BATTERY
    strong = parts - _WEAK if parts & (_CONTACT | _SHOCK) else parts
    if strong & (_CHARGING | _NODE):
        return Purpose.DIAGNOSTIC
    if _MOTION.search(name[:64]):
        return Purpose.MOTION
    if strong & _LINK:
        return Purpose.LINK
    if parts & _SHOCK:
        return Purpose.SHOCK
    return Purpose.CONTACT if parts & _CONTACT else Purpose.UNTOLD


@lru_cache(maxsize=2_048)
def is_second(name: str, node: str = "") -> bool:
    """Whether a name numbers inputs and this is not the first: ``reed_2``; a pin's number does not count."""
    *stem, last = words(name) or ("",)
    if not last.isdecimal() or len(last) > 2 or _PINS & frozenset(stem):
        return False
    numbers = {int(word) for word in words(node) if word.isdecimal()}
    return int(last) >= 2 and int(last) not in numbers


@lru_cache(maxsize=2_048)
def quantity(name: str, node: str = "") -> str:
    """The unit of a figure called `name`: ``%``, ``V``, ``mV``, ``dBm``, BARE or ""."""
    every = words(name)
    own = words(node)
    parts = frozenset(word for word in every if word not in own or word in (_BATTERY, "wifi"))
    if _BATTERY in parts:
        if parts & _NOT_A_LEVEL:
            return ""
        if parts & _VOLTS:
            return "mV" if parts & {"mv", "millivolt", "millivolts"} else "V"
        behind = every[len(every) - every[::-1].index(_BATTERY) :]
        if not all(word in _LEVEL or word in own or word.isdecimal() for word in behind):
            return ""
        return "%" if parts & _PER_CENT else BARE
    if parts & {"rssi", "dbm"} or ("signal" in parts and parts & {"wifi", "strength"}):
        return "" if parts & _NO_SIGNAL else "dBm"
    return ""


@lru_cache(maxsize=4_096)
def flag(name: str) -> str:
    """The flag that a field's name means in any device, as a meaning of the model table, or ""."""
    if len(name) > 40:
        return ""
    parts = frozenset(words(name))
    if _BATTERY in parts:
        if parts & _LOW:
            return "battery_low" if parts <= _LOW | _FLAG | {_BATTERY} else ""
        return "battery_word" if parts <= _FLAG | {_BATTERY} else ""
    if parts & _SATELLITES and parts <= _SATELLITES | _COUNTED | _PLACE:
        return "fix"
    if parts & _PLACE:
        return _flag_of_place(parts)
    return "no_fix" if parts & _OLD and parts <= _OLD | _FLAG else ""


def _flag_of_place(parts: frozenset[str]) -> str:
    if "age" in parts:
        return "fix_age"
    if parts & (_NOT_FIXED | _OLD):
        return "no_fix"
    if parts <= _PLACE | _FIXED | _HOW and (len(parts) > 1 or "fix" in parts):
        return "fix"
    return ""


@lru_cache(maxsize=4_096)
def may_be_relevant(name: str) -> bool:
    """Whether a field of no model may be relevant: its name has a word for contact or motion."""
    return purpose(name[:64]) in (Purpose.CONTACT, Purpose.SHOCK, Purpose.MOTION, Purpose.TAMPER)
