"""What can be reported, as Open311 names it. PURE.

Owns services and their attributes: one service a kind of report, with the animal as an attribute.
"""

from typing import Any

from gateway.domain.reports.report import KINDS
from gateway.domain.species import PERSON, TABLE
from gateway.words.catalogue import Translations

GROUP = "wildlife"
SPECIES = "species"
SENT = f"attribute[{SPECIES}]"


def services(words: Translations) -> list[dict[str, Any]]:
    """The list of services."""
    return [
        {
            "service_code": kind.value,
            "service_name": words(f"report.kind.{kind.value}"),
            "description": words("open311.service", kind=words(f"report.kind.{kind.value}")),
            "metadata": True,
            "type": "realtime",
            "keywords": "wildlife,鳥獣",
            "group": GROUP,
        }
        for kind in KINDS
    ]


def definition(code: str, words: Translations) -> dict[str, Any] | None:
    """The attributes of a service; None: there is no such service."""
    if code not in {kind.value for kind in KINDS}:
        return None
    animals = [
        {"key": one.code, "name": words.name("species", one.code)}
        for one in TABLE
        if one.code != PERSON
    ]
    attribute = {
        "variable": True,
        "code": SPECIES,
        "datatype": "singlevaluelist",
        "required": False,
        "datatype_description": "",
        "order": 1,
        "description": words("report.species"),
        "values": animals,
    }
    return {"service_code": code, "attributes": [attribute]}
