"""The words of a device list: what columns, roles and answers are called. Data only.

Owns the table of words. Compared in lower case, without full-width letters, spaces, middle dots, hyphens and
what stands in brackets. Must not judge a row.
"""

import re
import unicodedata
from types import MappingProxyType
from typing import Final

from gateway.domain.model import Device, Role
from gateway.ingest.tables.cell_values import NOTHING

COLUMNS: Final = tuple(name for name in Device.__struct_fields__ if name != "standing")
_COLUMNS: Final = {
    "id": "id 機器id 機器番号 機器 デバイスid センサーid わなid わな番号 識別番号 管理番号 番号 deveui eui "
    "device deviceid device_id",
    "role": "role 役割 用途 種別 種類 区分 type",
    "name": "name 名前 名称 呼び名 機器名 わな名 設置名 表示名 設置場所 場所",
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
_ROLES: Final = (  # a role, the type of trap that its words mean ("": none), the words
    (
        Role.TRAP,
        "",
        """trap わな 罠 トラップ 捕獲わな 捕獲器 わなセンサー 罠センサー
        わな用センサー trapsensor""",
    ),
    (
        Role.TRAP,
        "box",
        """箱わな はこわな 箱罠 箱型わな ハコワナ 捕獲檻 檻 おり boxtrap box cage cagetrap""",
    ),
    (
        Role.TRAP,
        "snare",
        """くくりわな くくり罠 括りわな 括り罠 ククリワナ くくり 足くくりわな 足くくり罠
        snare footsnare legsnare""",
    ),
    (Role.TRAP, "corral", """囲いわな 囲い罠 囲いワナ 捕獲柵 corral corraltrap"""),
    (Role.TRAP, "drop", """ドロップ ドロップネット ドロップゲート drop dropnet dropbox"""),
    (
        Role.DETECTOR,
        "",
        """detector センサー センサ sensor 検知器 検出器 感知器 検知 検知センサー 動体センサー
        人感センサー 赤外線センサー pir カメラ camera cam 自動撮影カメラ 自動カメラ センサーカメラ
        トレイルカメラ トレイルカム 赤外線カメラ 定点カメラ 監視カメラ 無人カメラ
        cameratrap trailcamera trailcam gamecamera""",
    ),
    (
        Role.RELAY,
        "",
        """relay 中継 中継器 中継機 中継局 リピーター ルーター ゲートウェイ ゲートウェー 親機
        基地局 gateway repeater router basestation""",
    ),
)
_YES: Final = "true yes y 1 on はい 有 有り あり ○ ◯ 〇 する"
_NO: Final = "false no n 0 off いいえ 無 無し なし × しない -"
_BLANK: Final = "なし 無し 未定 未設定 未測定 未登録 未設置 na none null"
_BRACKETS = re.compile(r"[(（\[［].*?[)）\]］]")


def plain(text: str) -> str:
    """A word as this table compares it."""
    folded = unicodedata.normalize("NFKC", _BRACKETS.sub("", text)).strip().lower()
    return re.sub(r"[\s・:：]+", "", folded)


def _word(text: str) -> str:
    return _hiragana(plain(text)).replace("-", "").replace("_", "")


def _hiragana(text: str) -> str:
    """Katakana as hiragana: both are written for one word."""
    return "".join(chr(ord(one) - 0x60) if "ァ" <= one <= "ヶ" else one for one in text)


COLUMN_OF: Final = MappingProxyType(
    {plain(word): column for column, words in _COLUMNS.items() for word in words.split()}
)
_ROLE_OF = MappingProxyType(
    {_word(word): (role, kind) for role, kind, words in _ROLES for word in words.split()}
)
_TRUTH_OF = MappingProxyType(
    {
        **dict.fromkeys(map(plain, _YES.split()), True),
        **dict.fromkeys(map(plain, _NO.split()), False),
    }
)
_TRAP_TYPES = MappingProxyType({word: kind for word, (_, kind) in _ROLE_OF.items() if kind})
_BLANK_WORDS = frozenset(map(plain, [*_BLANK.split(), *NOTHING]))


def column(name: str) -> str:
    """The column that a header names; "" when it names none."""
    return COLUMN_OF.get(plain(name), "")


def role(text: str) -> tuple[Role, str] | None:
    """The role and the type of trap that a word means, or None."""
    return _ROLE_OF.get(_word(text))


def trap_type(text: str) -> str:
    """The type of trap in the words of the pages; any other word as it stands."""
    return _TRAP_TYPES.get(_word(text), text)


def truth(text: str) -> bool | None:
    """Yes or no, or None for any other word."""
    return _TRUTH_OF.get(plain(text))


def is_blank(text: str) -> bool:
    """Whether a cell says that there is nothing to say."""
    return plain(text) in _BLANK_WORDS
