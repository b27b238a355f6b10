"""The profile of a Camtrap DP descriptor, written from the published standard."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

PATH = r"^(?=^[^./~])(^((?!\.{2}).)*$).*$"
MEDIATYPE = r"^(image|video|audio)/.*$"
TABLES = ("deployments", "media", "observations")
VERSION = "1.0.2"
Test = Callable[[Any], bool]


def text(value: Any) -> bool:
    """A text that says something."""
    return isinstance(value, str) and bool(value)


def one_of(*allowed: str) -> Test:
    """A value of a closed list."""
    return lambda value: value in allowed


def several_of(*allowed: str) -> Test:
    """A list without repetition of such values, one at least."""
    return lambda value: 0 < len(value) == len(set(value)) and set(value) <= set(allowed)


def matching(pattern: str) -> Test:
    """A text of a form."""
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


DAY = r"\d{4}-\d\d-\d\d"
ADDRESS = rf"https://.*{re.escape(VERSION)}/"
# path in the descriptor ("*": every item), whether it must be there, what it must be
PROFILE: Sequence[tuple[str, bool, Test]] = (
    ("profile", True, matching(f"{ADDRESS}camtrap-dp-profile[.]json")),
    ("name", False, matching("[-a-z0-9._/]+")),
    ("id", False, text),
    ("created", True, matching(rf"{DAY}T\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")),
    ("title", False, text),
    ("version", False, text),
    ("contributors", True, lambda value: isinstance(value, list) and len(value) > 0),
    ("contributors.*.title", True, text),
    (
        "contributors.*.role",
        False,
        one_of("contact", "principalInvestigator", "rightsHolder", "publisher", "contributor"),
    ),
    ("licenses", False, lambda value: {one["scope"] for one in value} == {"data", "media"}),
    ("licenses.*.scope", True, one_of("data", "media")),
    ("licenses.*", False, lambda value: "name" in value or "path" in value),
    ("project", True, lambda value: isinstance(value, dict)),
    ("project.title", True, text),
    (
        "project.samplingDesign",
        True,
        one_of(
            "simpleRandom",
            "systematicRandom",
            "clusteredRandom",
            "experimental",
            "targeted",
            "opportunistic",
        ),
    ),
    ("project.captureMethod", True, several_of("activityDetection", "timeLapse")),
    ("project.individualAnimals", True, lambda value: isinstance(value, bool)),
    ("project.observationLevel", True, several_of("media", "event")),
    ("coordinatePrecision", False, lambda value: value > 0),
    ("spatial", True, lambda value: isinstance(value, dict)),
    ("spatial.type", True, one_of("Polygon")),
    ("spatial.coordinates.*", True, lambda ring: len(ring) >= 4 and ring[0] == ring[-1]),
    ("temporal", True, lambda value: value["start"] <= value["end"]),
    ("temporal.start", True, matching(DAY)),
    ("temporal.end", True, matching(DAY)),
    ("taxonomic", True, lambda value: isinstance(value, list)),
    ("taxonomic.*.scientificName", True, text),
    (
        "taxonomic.*.taxonRank",
        False,
        one_of("kingdom", "phylum", "class", "order", "family", "genus", "species", "subspecies"),
    ),
    (
        "taxonomic.*.vernacularNames",
        False,
        lambda value: all(
            re.fullmatch("[a-z]{3}", key) and text(name) for key, name in value.items()
        ),
    ),
    ("resources", True, lambda value: isinstance(value, dict)),
    *((f"resources.{name}.path", True, matching(PATH)) for name in TABLES),
    *((f"resources.{name}.profile", True, one_of("tabular-data-resource")) for name in TABLES),
    *(
        (f"resources.{name}.schema", True, matching(f"{ADDRESS}{name}-table-schema[.]json"))
        for name in TABLES
    ),
)


def of_descriptor(about: Any) -> Iterator[str]:
    for path, required, test in PROFILE:
        for where, value in found_at(about, path.split("."), ""):
            if value is None:
                if required:
                    yield f"{where} is required"
                continue
            try:
                fine = test(value)
            except (TypeError, KeyError, AttributeError):
                fine = False
            if not fine:
                yield f"{where}: {value!r} is not allowed"


def found_at(value: Any, path: Sequence[str], where: str) -> Iterator[tuple[str, Any]]:
    if not path or value is None:
        yield where, value
    elif path[0] == "*":
        items = value if isinstance(value, list) else []
        for no, one in enumerate(items):
            yield from found_at(one, path[1:], f"{where}[{no}]")
    else:
        inner = value.get(path[0]) if isinstance(value, dict) else None
        yield from found_at(inner, path[1:], f"{where}.{path[0]}".lstrip("."))
