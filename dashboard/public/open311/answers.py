"""Answers of Open311 in the two forms of the standard: XML, which it demands, and JSON.

Owns the forms. Values are plain: a list is a list of elements, None an empty one. Must not know a report.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as Xml

import msgspec
from starlette.responses import Response

FORMATS = ("json", "xml")
Fields = Mapping[str, Any]
ITEM = {  # a list -> what each of its elements is called
    "services": "service",
    "service_requests": "request",
    "errors": "error",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
}


def answer(
    format_: str, root: str, value: Fields | Sequence[Fields], status: int = 200
) -> Response:
    """A value in a form; `root`: what the whole is called in XML."""
    if format_ == "json":
        body = msgspec.json.encode(value)
        return Response(body, status, media_type="application/json; charset=utf-8")
    text = Xml.tostring(_element(root, value), encoding="utf-8", xml_declaration=True)
    return Response(text, status, media_type="text/xml; charset=utf-8")


def refusal(format_: str, status: int, description: str) -> Response:
    """An error as the standard spells it."""
    return answer(format_, "errors", [{"code": status, "description": description}], status)


def _element(name: str, value: Any) -> Xml.Element:
    made = Xml.Element(name)
    if isinstance(value, Mapping):
        made.extend(_element(key, one) for key, one in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        made.extend(_element(ITEM[name], one) for one in value)
    elif isinstance(value, bool):
        made.text = str(value).lower()
    elif value is not None:
        made.text = _clean(str(value))
    return made


def _clean(text: str) -> str:
    """Without characters that XML cannot hold."""
    return "".join(one for one in text if one in "\t\n" or " " <= one < "\ufffe" or one > "\uffff")
