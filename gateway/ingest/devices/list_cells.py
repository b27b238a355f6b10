"""The words of a device list: what columns and cells may be called, and what they mean.

Owns the words and the judgement of one row. Must not read files.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from gateway.domain.geo import degrees
from gateway.domain.model import Device, Role

COLUMNS = tuple(name for name in Device.__struct_fields__ if name != "standing")
PUT_RIGHT = (
    "。列の書式を「文字列」にして入れ直してください / format the column as text and enter it anew"
)

# What people call the columns; compared in lower case, without spaces, marks and what stands in brackets.
_CALLED = {
    "id": "id 機器id 機器番号 機器 デバイスid センサーid 識別番号 deveui eui device deviceid device_id",
    "role": "role 役割 用途 種別 種類 区分 type",
    "name": "name 名前 名称 呼び名 機器名 わな名 設置名 表示名",
    "lat": "lat latitude 緯度 北緯 y",
    "lon": "lon lng long longitude 経度 東経 x",
    "area": "area 地区 地域 集落 区域 大字",
    "dialect": "dialect 方言 通信方式",
    "model": "model 機種 型番 センサー機種 型式",
    "inverted": "inverted 反転 逆極性",
    "input": "input 入力 接点",
    "trap_type": "trap_type traptype わなの種類 わな種類 わな種別 罠種 罠の種類",
    "heartbeat_s": "heartbeat_s heartbeat 便りの間隔 通信間隔 間隔",
    "zone": "zone timezone 時間帯 タイムゾーン",
}
_COLUMN = {word: column for column, said in _CALLED.items() for word in said.split()}
_ROLES = {
    Role.TRAP: "trap わな ワナ 罠 トラップ 箱わな はこわな 箱罠 くくりわな くくり罠 囲いわな 囲い罠 檻",
    Role.DETECTOR: "detector センサー センサ 検知器 検出器 検知 感知器 カメラ 自動撮影カメラ camera sensor",
    Role.RELAY: "relay 中継 中継器 中継機 中継局 ゲートウェイ 親機 gateway repeater",
}
_ROLE = {word: role for role, said in _ROLES.items() for word in said.split()}
_YES = frozenset(
    ["true", "yes", "y", "1", "on", "はい", "有", "有り", "あり", "○", "◯", "〇", "する"]
)
_NO = frozenset(
    ["false", "no", "n", "0", "off", "いいえ", "無", "無し", "なし", "×", "しない", "-"]
)
_DESTROYED = re.compile(r"[+-]?\d(?:\.\d+)?E\+?\d+", re.IGNORECASE)
_EUI = re.compile("[0-9A-Fa-f]{16}|[0-9A-Fa-f]{2}([-:][0-9A-Fa-f]{2}){7}")
_OLD_DATUM = re.compile(r"日本測地系(?!2000|2011)|旧測地系|tokyo", re.IGNORECASE)
_BRACKETS = re.compile(r"[(（\[].*?[)）\]]")

Fault = tuple[str, str, str]  # column, value, what is wrong and what is allowed


def plain(text: str) -> str:
    """Lower case, without full-width letters, spaces, marks and what stands in brackets."""
    folded = unicodedata.normalize("NFKC", _BRACKETS.sub("", text)).strip().lower()
    return re.sub(r"[\s・:：]+", "", folded)


def column(name: str) -> str:
    """The column that a header names; "" when it names none."""
    return _COLUMN.get(plain(name), "")


def is_old_datum(header: str) -> bool:
    """Whether a header says that its places are of the old Japanese datum."""
    return _OLD_DATUM.search(unicodedata.normalize("NFKC", header)) is not None


def address(text: str) -> str:
    """An address as readings have it: EUIs, also as printed in pairs, as 16 lower-case hex digits."""
    if _EUI.fullmatch(text):
        return text.lower().replace("-", "").replace(":", "")
    return text


def device(cells: Mapping[str, str]) -> tuple[Device | None, list[Fault]]:
    """The registry row of cells by column, or all that is wrong with them."""
    values: dict[str, Any] = {name: text for name, text in cells.items() if text}
    faults = list(_judge(values))
    if faults:
        return None, faults
    return msgspec.convert(values, Device), []


def _judge(values: dict[str, Any]) -> Iterator[Fault]:
    """Put values in place of their texts; gives what cannot be one."""
    yield from _id(values)
    yield from _role(values)
    yield from _place(values)
    yield from _inverted(values)
    yield from _heartbeat(values)


def _id(values: dict[str, Any]) -> Iterator[Fault]:
    text = values.get("id", "")
    if not text:
        yield "id", "", "機器の番号が必要です / an id is needed"
    elif _DESTROYED.fullmatch(unicodedata.normalize("NFKC", text)):
        yield (
            "id",
            text,
            "表計算ソフトが番号を丸めました / a spreadsheet rounded this number" + PUT_RIGHT,
        )
    values["id"] = address(text)


def _role(values: dict[str, Any]) -> Iterator[Fault]:
    text = values.get("role", "")
    found = _ROLE.get(plain(text))
    if found is None:
        allowed = "trap（わな）, detector（センサー・カメラ）, relay（中継）"
        yield "role", text, f"{allowed} のどれか / one of trap, detector, relay"
    else:
        values["role"] = found


def _place(values: dict[str, Any]) -> Iterator[Fault]:
    told = [axis for axis in ("lat", "lon") if values.get(axis)]
    if len(told) == 1:
        missing = "lon" if told == ["lat"] else "lat"
        yield missing, "", "緯度と経度は両方必要です / lat and lon are needed both, or neither"
        return
    faults = [fault for axis in told for fault in _degrees(values, axis)]
    if faults or not told:
        yield from faults
        return
    place = (values["lat"], values["lon"])
    shown = f"{place[0]}, lon {place[1]}"
    if degrees.is_placeholder(place):
        yield (
            "lat",
            shown,
            "0 や 0 のそばは場所ではありません。空に / 0 or beside it is no place: leave it empty",
        )
    elif degrees.is_exchanged(place):
        yield "lat", shown, "緯度と経度が逆のようです / latitude and longitude seem exchanged"


def _degrees(values: dict[str, Any], axis: str) -> Iterator[Fault]:
    text = values[axis]
    try:
        values[axis], _ = degrees.read(text, "lat" if axis == "lat" else "lon")
    except degrees.DegreesError as error:
        yield axis, text, str(error)


def _inverted(values: dict[str, Any]) -> Iterator[Fault]:
    text = values.get("inverted")
    if text is None:
        return
    word = plain(text)
    if word not in _YES | _NO:
        yield "inverted", text, "はい か いいえ / yes or no"
    values["inverted"] = word in _YES


def _heartbeat(values: dict[str, Any]) -> Iterator[Fault]:
    text = values.get("heartbeat_s")
    if text is None:
        return
    digits = unicodedata.normalize("NFKC", text).removesuffix("秒").strip()
    if not digits.isdecimal() or not 0 < int(digits[:9]) <= 31_536_000:
        yield "heartbeat_s", text, "秒数（1 以上の整数） / whole seconds, above 0"
    else:
        values["heartbeat_s"] = int(digits)
