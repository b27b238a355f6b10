"""A table of sightings as tests read it."""

from datetime import UTC, datetime

from gateway.ingest.files.report_columns import read_map
from gateway.ingest.files.report_table import Reports, parse
from tests.deploy.folder import DEPLOY
from tests.science.shared import ROOT
from tests.support.samples import TOKYO

NOW = datetime(2026, 11, 1, tzinfo=UTC)
BEARS = ROOT / "data/ishikawa_bear"
MAP = """
title = "試験市"
species = "クマ"
[columns]
date = "日"
time = "時"
year = "年"
lat = "緯度"
lon = "経度"
wkt = "WKT"
mesh = "メッシュ"
kind = "種別"
count = "頭数"
place = "場所"
[kinds]
"目撃" = "sighting"
"痕跡" = "trace"
"""
HEAD = "WKT,日,時,年,緯度,経度,メッシュ,種別,頭数,場所\n"
ROW = "POINT (136.5 36.5),R6.4.24,10時30分頃,R6,36.5,136.5,,目撃,1頭,畑"


def read(*rows: str, map_: str = MAP, encoding: str = "utf-8") -> Reports:
    data = (HEAD + "\n".join(rows) + "\n").encode(encoding)
    return parse(data, read_map(map_.encode()), "t.csv", TOKYO, NOW)


def repaired(reports: Reports) -> list[str]:
    return [str(one) for one in reports.findings.repaired]


def refused(reports: Reports) -> list[str]:
    return [str(one) for one in reports.findings.refused]


def shipped(name: str) -> str:
    return (DEPLOY / "sightings" / f"{name}.toml").read_text(encoding="utf-8")
