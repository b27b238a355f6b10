"""Small packages in the shapes that other projects publish, and the figures they must give.

The expected figures are worked out here with the csv module alone, as camtraptor defines them: effort is the
sum of end - start, a deployment's events are its distinct sequences of a species. No code of ours takes part.
"""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

# Version 0.1.6 as Agouti wrote it for MICA: older column names, no observationLevel, a human 19 minutes
# after the end, rows that are no sightings.
OLDER = {
    "deployments.csv": """\
deploymentID,locationID,locationName,longitude,latitude,coordinateUncertainty,start,end,setupBy,timestampIssues,tags,_id
aa-1,l1,B_DL_val 5_beek,5.655,51.181,,2020-07-29T05:29:41Z,2020-08-08T04:20:40Z,p1,,,
aa-2,l2,B_DM_val 4_'t WAD,4.013,50.699,,2021-03-27T20:38:18Z,2021-04-18T21:25:00Z,p2,,,
aa-3,l3,Mica Viane,3.898,50.742,,2019-10-09T11:18:07Z,2019-10-23T10:00:16Z,p3,,,
""",
    "observations.csv": """\
observationID,deploymentID,sequenceID,mediaID,timestamp,observationType,cameraSetup,taxonID,scientificName,count,_id
1,aa-1,s1,,2020-07-29T05:29:41Z,unknown,FALSE,,,,
2,aa-1,s2,,2020-07-29T05:46:48Z,animal,FALSE,DGPL,Anas strepera,4,
3,aa-1,s2,,2020-07-29T05:46:48Z,animal,FALSE,DGPL,Anas strepera,1,
4,aa-1,s2,,2020-07-29T05:46:48Z,animal,FALSE,DGP6,Anas platyrhynchos,2,
5,aa-1,s3,,2020-08-08T04:20:35Z,animal,FALSE,DGPL,Anas strepera,1,
6,aa-2,s4,,2021-04-05T19:08:33Z,animal,FALSE,32FH,Ardea,1,
7,aa-2,s5,,2021-04-18T21:24:42Z,unclassified,FALSE,,,,
8,aa-3,s6,,2019-10-23T10:19:44Z,human,FALSE,6MB3T,Homo sapiens,2,
9,aa-3,s7,,2019-10-23T11:59:56Z,unclassified,TRUE,,,,
""",
}

# TRAPPER: local times with an offset that changes with daylight saving, events without ids of pictures,
# counts left empty, words of other columns in between.
TRAPPER = {
    "deployments.csv": """\
deploymentID,locationID,locationName,latitude,longitude,coordinateUncertainty,deploymentStart,deploymentEnd,cameraID,timestampIssues
r0001-wns_0001,wns_0001,WNS 1,52.70,23.80,,2022-10-20T12:00:00+0200,2022-11-10T12:00:00+0100,,False
r0001-wns_0002,wns_0002,WNS 2,52.71,23.85,,2022-10-20T12:30:00+0200,2022-11-10T09:00:00+0100,,True
""",
    "observations.csv": """\
observationID,deploymentID,mediaID,eventID,eventStart,eventEnd,observationLevel,observationType,cameraSetupType,scientificName,count
o1,r0001-wns_0001,,e1,2022-10-29T23:10:00+0200,2022-10-29T23:12:00+0200,event,animal,,Sus scrofa,5
o2,r0001-wns_0001,,e1,2022-10-29T23:10:00+0200,2022-10-29T23:12:00+0200,event,animal,,Sus scrofa,3
o3,r0001-wns_0001,,e2,2022-10-30T02:30:00+0100,2022-10-30T02:31:00+0100,event,animal,,Cervus elaphus,
o4,r0001-wns_0002,,e3,2022-11-01T08:00:00+0100,2022-11-01T08:00:30+0100,event,vehicle,,,
o5,r0001-wns_0002,,e4,2022-11-01T09:00:00+0100,2022-11-01T09:00:30+0100,event,blank,setup,,
o6,r0001-wns_0002,,e5,2022-11-02T09:00:00+0100,2022-11-02T09:00:30+0100,event,animal,,Sus scrofa,1
""",
}

# Wildlife Insights, converted: a row for every picture, with an event's id, counts written 2.0.
INSIGHTS = {
    "deployments.csv": """\
deploymentID,locationName,latitude,longitude,deploymentStart,deploymentEnd,timestampIssues,deploymentTags
2004817_A01,A01,35.20,-83.50,2023-03-01T00:00:00Z,2023-03-31T00:00:00Z,,bait:none
2004817_A02,A02,35.25,-83.55,2023-03-01T00:00:00Z,2023-03-16T12:00:00Z,,bait:none
""",
    "observations.csv": """\
observationID,deploymentID,mediaID,eventID,eventStart,eventEnd,observationLevel,observationType,scientificName,count
i1,2004817_A01,p1,b1,2023-03-02T01:00:00Z,2023-03-02T01:00:00Z,media,animal,Odocoileus virginianus,1.0
i2,2004817_A01,p2,b1,2023-03-02T01:00:02Z,2023-03-02T01:00:02Z,media,animal,Odocoileus virginianus,2.0
i3,2004817_A01,p3,b2,2023-03-02T05:00:00Z,2023-03-02T05:00:00Z,media,animal,Sus scrofa,4.0
i4,2004817_A02,p4,b3,2023-03-16T12:00:03Z,2023-03-16T12:00:03Z,media,animal,Sus scrofa,1.0
i5,2004817_A02,p5,b4,2023-03-10T12:00:00Z,2023-03-10T12:00:00Z,media,blank,,
""",
}

SHAPES = {"0.1.6": OLDER, "trapper": TRAPPER, "insights": INSIGHTS}


def package(tables: Mapping[str, str]) -> dict[str, bytes]:
    """The files of a package."""
    descriptor = {
        "name": "foreign",
        "project": {"title": "MICA"},
        "resources": [{"name": name.removesuffix(".csv"), "path": name} for name in tables],
    }
    encoded = {name: text.encode() for name, text in tables.items()}
    return {"datapackage.json": json.dumps(descriptor).encode(), **encoded}


def expected(tables: Mapping[str, str]) -> tuple[dict[str, float], dict[tuple[str, str], int]]:
    """Camera-days by deployment, and distinct sequences by (deployment, scientific name)."""
    days: dict[str, float] = {}
    for row in csv.DictReader(io.StringIO(tables["deployments.csv"])):
        start, end = (row.get(f"deployment{one.title()}") or row[one] for one in ("start", "end"))
        span = datetime.fromisoformat(end) - datetime.fromisoformat(start)
        days[row["deploymentID"]] = span.total_seconds() / 86_400
    seen: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in csv.DictReader(io.StringIO(tables["observations.csv"])):
        if row["scientificName"]:
            event = row.get("eventID") or row["sequenceID"]
            seen[row["deploymentID"], row["scientificName"]].add(event)
    return days, {where: len(events) for where, events in seen.items()}
