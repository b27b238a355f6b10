"""The headers that municipal tables usually have, and what they mean: a map for a table without one. PURE.

Owns the words. A guess is shown to a person before it is used; a map in TOML always wins (`report_columns`).
"""

from collections.abc import Mapping, Sequence

from gateway.domain.resident_reports import SightingKind
from gateway.ingest.files.report_columns import Columns, Map
from gateway.ingest.tables.cell_values import plain

WORDS: Mapping[str, tuple[str, ...]] = {  # key of the map -> headers, the most certain first
    "date": (
        "day",
        "date",
        "出没日",
        "目撃日",
        "被害日",
        "発生日",
        "年月日",
        "日付",
        "日時",
        "月日",
    ),
    "time": ("time", "出没時刻", "目撃時刻", "時刻", "時間"),
    "year": ("year", "年", "年度"),
    "lat": ("lat", "latitude", "緯度", "y座標"),
    "lon": ("lon", "lng", "longitude", "経度", "x座標"),
    "wkt": ("wkt", "geometry"),
    "mesh": ("mesh", "メッシュ", "メッシュコード", "5倍メッシュ"),
    "species": ("species", "獣種", "動物種", "鳥獣種", "種類", "動物", "加害獣"),
    "kind": ("kind", "区分", "種別", "内容区分"),
    "count": ("count", "頭数", "個体数", "数"),
    "municipality": ("municipality", "市町村", "市町村名", "自治体"),
    "place": ("place", "場所", "地区", "所在地", "字", "住所", "大字"),
    "note": ("note", "備考", "状況", "摘要", "内容"),
    "crop": ("crop", "作物", "作物名", "農作物", "品目", "被害作物"),
    "area_m2": ("area_m2", "面積", "被害面積", "面積(m2)", "被害面積(m2)"),
    "amount_yen": ("amount_yen", "金額", "被害額", "被害金額", "金額(円)", "被害金額(円)"),
    "amount_kg": ("amount_kg", "被害量", "数量", "量(kg)", "被害量(kg)"),
    "id": ("id", "番号", "整理番号"),
}
KINDS: Mapping[str, SightingKind] = {
    "目撃": SightingKind.SIGHTING,
    "出没": SightingKind.SIGHTING,
    "痕跡": SightingKind.TRACE,
    "足跡": SightingKind.TRACE,
    "被害": SightingKind.DAMAGE,
    "人身被害": SightingKind.INJURY,
    "捕獲": SightingKind.CAPTURE,
    "死体": SightingKind.DEATH,
    **{kind.value: kind for kind in SightingKind},
}


def guess(header: Sequence[str]) -> dict[str, str]:
    """Key of the map -> the header that seems to mean it."""
    names = {plain(name).lower().replace(" ", ""): name for name in reversed(header) if name}
    return {
        key: next(names[word] for word in words if word in names)
        for key, words in WORDS.items()
        if any(word in names for word in words)
    }


def is_header(cells: Sequence[str]) -> bool:
    """Whether a line looks like the header of a table of places and days."""
    found = guess(cells)
    has_place = {"lat", "lon"} <= found.keys() or "mesh" in found or "wkt" in found
    return "date" in found and has_place


def map_of(columns: Mapping[str, str], title: str, species: str) -> Map:
    """A map of the chosen columns; `species`: of every row where no column says it."""
    known = {key: name for key, name in columns.items() if key in Columns.__struct_fields__}
    return Map(title=title, columns=Columns(**known), species=species, kinds=dict(KINDS))
