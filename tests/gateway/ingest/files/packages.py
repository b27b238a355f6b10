"""A small hand-made Camtrap DP package, and how to break it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from gateway.ingest.files.camtrapdp.package import Package, parse
from gateway.ingest.files.camtrapdp.tables import PackageError
from tests.support.samples import TOKYO

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DEPLOYMENTS = """\
deploymentID,locationName,latitude,longitude,deploymentStart,deploymentEnd,timestampIssues
ridge,尾根,32.70,128.80,2026-01-01T09:00:00+09:00,2026-01-11T09:00:00+09:00,false
valley/東,谷,32.65,128.75,2026-01-01T00:00:00Z,2026-01-03T12:00:00Z,false
"""
HEAD = (
    "observationID,deploymentID,mediaID,eventID,eventStart,observationLevel,observationType,"
    "scientificName,count\n"
)
OBSERVATIONS = (
    HEAD
    + """\
o1,ridge,,e1,2026-01-02T03:00:00+09:00,event,animal,Sus scrofa,1
o2,ridge,,e1,2026-01-02T03:00:00+09:00,event,animal,Sus scrofa,3
o3,ridge,m1,e1,2026-01-02T03:00:00+09:00,media,animal,Sus scrofa,4
o4,ridge,,e1,2026-01-02T03:00:00+09:00,event,animal,Cervus nippon,2
o5,ridge,,e2,2026-01-02T03:10:00+09:00,event,animal,Sus scrofa,1
o6,valley/東,,e3,2026-01-02T03:00:00Z,event,animal,Rattus norvegicus,1
o7,valley/東,,e4,2026-01-02T04:00:00Z,event,human,,1
o8,valley/東,,e5,2026-01-02T05:00:00Z,event,blank,,
o9,valley/東,,e6,2026-01-02T06:00:00Z,event,unknown,,1
"""
)


def files(deployments: str = DEPLOYMENTS, observations: str = OBSERVATIONS) -> dict[str, bytes]:
    descriptor = {
        "title": "五島の試験",
        "resources": [{"name": n, "path": f"{n}.csv"} for n in ("deployments", "observations")],
    }
    return {
        "datapackage.json": json.dumps(descriptor).encode(),
        "deployments.csv": deployments.encode(),
        "observations.csv": observations.encode(),
    }


def read(content: Mapping[str, bytes], prefix: str = "") -> Package:
    def bytes_of(name: str) -> bytes:
        if name not in content:
            raise PackageError(f"{name}: no such file")
        return content[name]

    return parse(bytes_of, TOKYO, NOW, prefix)
