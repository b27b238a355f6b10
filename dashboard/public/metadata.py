"""What programs read about the open data: DCAT (a catalogue), CSVW (a table), Data Package. PURE.

Owns these forms. Sources: W3C DCAT 3, W3C CSV on the Web, Data Package 1 with Table Schema.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from dashboard.public.edition import COLUMNS, Column, Edition

CSVW, GEO_JSON, CSV = "http://www.w3.org/ns/csvw", "application/geo+json", "text/csv"
MEDIA = "https://www.iana.org/assignments/media-types/"
CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
FOLDER = "/public/squares/"


def address(base: str, about: Edition, kind: str) -> str:
    """The lasting address of a file; `base`: of the pages, "" for addresses within the site."""
    return f"{base}{FOLDER}{quote(about.name)}.{kind}"


def csvw(about: Edition) -> dict[str, Any]:
    """The metadata of the table, found beside it as `….csv-metadata.json`."""
    return {
        "@context": [CSVW, {"@language": "en"}],
        "url": f"{quote(about.name)}.csv",
        "dc:title": about.title,
        "dc:license": {"@id": about.licence_address},
        "dc:publisher": about.publisher,
        "dc:temporal": f"{about.span.start.isoformat()}/{about.span.last.isoformat()}",
        "dialect": {"header": True, "delimiter": ",", "encoding": "utf-8"},
        "tableSchema": {
            "primaryKey": "mesh5km",
            "columns": [
                {
                    "name": one.name,
                    "titles": one.name,
                    "dc:description": one.meaning,
                    "datatype": one.kind,
                    "required": one.required,
                }
                for one in COLUMNS
            ],
        },
    }


def data_package(about: Edition) -> dict[str, Any]:
    """A Data Package of the table, for frictionless and other programs."""
    return {
        "profile": "tabular-data-package",
        "name": f"{about.site}-squares",
        "title": about.title,
        "licenses": [{"name": about.licence, "path": about.licence_address}],
        "sources": [{"title": about.publisher}],
        "resources": [
            {
                "profile": "tabular-data-resource",
                "name": "squares",
                "path": f"{quote(about.name)}.csv",
                "format": "csv",
                "mediatype": CSV,
                "encoding": "utf-8",
                "schema": {"fields": [_field(one) for one in COLUMNS], "primaryKey": "mesh5km"},
            }
        ],
    }


def _field(one: Column) -> dict[str, Any]:
    bounds = {"minimum": 0} if one.kind in {"integer", "number"} else {}
    limits = {"required": one.required, **bounds}
    return {"name": one.name, "type": one.kind, "description": one.meaning, "constraints": limits}


def dcat(base: str, title: str, publisher: str, editions: Iterable[Edition]) -> dict[str, Any]:
    """The catalogue: a dataset for each edition."""
    return {
        "@context": CONTEXT,
        "@id": f"{base}/public/catalog.jsonld",
        "@type": "dcat:Catalog",
        "dct:title": title,
        "dct:publisher": {"@type": "foaf:Organization", "foaf:name": publisher},
        "dcat:dataset": [_dataset(base, one) for one in editions],
    }


def _dataset(base: str, about: Edition) -> dict[str, Any]:
    return {
        "@id": address(base, about, "csv") + "#dataset",
        "@type": "dcat:Dataset",
        "dct:title": about.title,
        "dct:identifier": about.name,
        "dcat:keyword": [one for one in (about.species, about.scientific) if one],
        "dct:license": {"@id": about.licence_address},
        "dct:publisher": {"@type": "foaf:Organization", "foaf:name": about.publisher},
        "dct:temporal": {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": _date(about.span.start.isoformat()),
            "dcat:endDate": _date(about.span.last.isoformat()),
        },
        "dcat:distribution": [
            {
                "@type": "dcat:Distribution",
                "dct:title": kind,
                "dcat:downloadURL": {"@id": address(base, about, kind)},
                "dcat:mediaType": {"@id": f"{MEDIA}{media}"},
                "dct:license": {"@id": about.licence_address},
                **described,
            }
            for kind, media, described in (
                (
                    "csv",
                    CSV,
                    {"dct:conformsTo": {"@id": address(base, about, "csv-metadata.json")}},
                ),
                ("geojson", GEO_JSON, {}),
            )
        ],
    }


def _date(value: str) -> dict[str, str]:
    return {"@type": "xsd:date", "@value": value}
