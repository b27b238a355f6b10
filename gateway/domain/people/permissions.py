"""Who sees what and may do what: the matrix of roles and resources. PURE.

Owns the matrix and what follows from it for one visitor and one device. Each route of the pages names its
resource in `dashboard.web.routes`. Whoever has no row or no grant sees nothing and may do nothing.
"""

from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase

from msgspec import Struct

from gateway.domain.model import Device
from gateway.domain.people.person import Person, UserRole


class Visitor(StrEnum):
    """Who asks, as the matrix knows them: a role, or somebody without one."""

    ANYBODY = "anybody"  # not logged in
    LOCAL = "local"  # at this machine, while reading needs no login (the demo)
    RESIDENT = "resident"
    VIEWER = "viewer"
    TRAPPER = "trapper"
    DEPUTY = "deputy"  # while on duty; else like a viewer
    OFFICIAL = "official"
    INSTALLER = "installer"
    ADMIN = "admin"


class Resource(StrEnum):
    """What a route is about."""

    OPEN = "open"  # log-in, log-out, health, the pages' own files, land of the map
    LINK = "link"  # one-tap links: the link itself is the right
    ACCOUNT = "account"  # one's own sessions and password
    FIGURES = "figures"  # numbers and faults for monitoring; ids of devices where it is exact
    SQUARES = "squares"  # the public map: 5 km squares, late, small numbers withheld
    LIVE = "live"  # live map, lists, stream, JSON
    TRAP = "trap"  # one trap's page; acting: acknowledge, record
    OFFICE = "office"  # officials' maps, figures, proposed sites and files; acting: keep a plan
    PAPERS = "papers"  # capture reports: names and places; acting: confirm or refuse a capture
    DAMAGE = "damage"  # records of damage to crops; own: those that somebody recorded themselves
    REPORTS = "reports"  # residents' reports; own: those that were handed to somebody
    PICTURES = "pictures"  # pictures of cameras; acting: name what they show
    IMPORTS = "imports"  # imports of files; acting: look at a file, import it, undo an import
    DEVICES = "devices"  # what arrives; acting: approve, revoke, read again
    PEOPLE = "people"  # people and the audit; acting: add, change, remove
    ROLES = "roles"  # acting: give somebody a role
    TOKENS = "tokens"  # tokens of programs; acting: give and revoke
    AGREEMENTS = "agreements"  # what the region is given; acting: agree and revoke


class Detail(StrEnum):
    """How exactly places are shown, and with them the names of devices and people."""

    NONE = "none"
    SQUARES = "5km"
    OWN = "own"  # exact at the person's own traps or areas, elsewhere 5 km
    EXACT = "exact"


class Acting(StrEnum):
    """Where somebody may act."""

    NONE = "none"
    OWN = "own"  # at their own traps or areas
    ALL = "all"


class Grant(Struct, frozen=True):
    """One cell of the matrix."""

    see: Detail = Detail.NONE
    act: Acting = Acting.NONE


NOTHING = Grant()
_SQUARES, _EXACT = Grant(Detail.SQUARES), Grant(Detail.EXACT)
_ALL = Grant(Detail.EXACT, Acting.ALL)
_OWN = Grant(Detail.OWN, Acting.OWN)

_OPEN = {Resource.OPEN: _ALL, Resource.LINK: _ALL}
_KNOWN = _OPEN | {Resource.SQUARES: _SQUARES, Resource.LIVE: _SQUARES, Resource.FIGURES: _SQUARES}
_PERSON = _KNOWN | {Resource.ACCOUNT: Grant(Detail.SQUARES, Acting.OWN)}
_FIELD = _PERSON | {
    Resource.LIVE: Grant(Detail.OWN),
    Resource.TRAP: _OWN,
    Resource.DAMAGE: _OWN,
    Resource.REPORTS: _OWN,
    Resource.PICTURES: _OWN,
}
_SITE = _PERSON | {
    Resource.FIGURES: _EXACT,
    Resource.LIVE: _EXACT,
    Resource.TRAP: _ALL,
    Resource.OFFICE: _ALL,
    Resource.PAPERS: _ALL,
    Resource.DAMAGE: _ALL,
    Resource.REPORTS: _ALL,
    Resource.PICTURES: _ALL,
    Resource.IMPORTS: _ALL,
    Resource.DEVICES: _ALL,
    Resource.PEOPLE: _ALL,
    Resource.TOKENS: _EXACT,
    Resource.AGREEMENTS: _ALL,
}

_SHOWN = (
    Resource.FIGURES,
    Resource.LIVE,
    Resource.TRAP,
    Resource.OFFICE,
    Resource.PAPERS,
    Resource.DAMAGE,
    Resource.REPORTS,
    Resource.IMPORTS,
    Resource.DEVICES,
)

MATRIX: Mapping[Visitor, Mapping[Resource, Grant]] = {
    Visitor.ANYBODY: _OPEN | {Resource.FIGURES: _EXACT},  # at this machine only
    Visitor.LOCAL: _KNOWN | {Resource.ACCOUNT: _SQUARES} | dict.fromkeys(_SHOWN, _EXACT),
    Visitor.RESIDENT: _PERSON,
    Visitor.VIEWER: _PERSON,
    Visitor.TRAPPER: _FIELD,
    Visitor.DEPUTY: _FIELD,
    Visitor.OFFICIAL: _SITE,
    Visitor.INSTALLER: _PERSON
    | {
        Resource.FIGURES: _EXACT,
        Resource.LIVE: _EXACT,
        Resource.TRAP: _EXACT,
        Resource.DEVICES: _ALL,
    },
    Visitor.ADMIN: _SITE | {Resource.ROLES: Grant(Detail.NONE, Acting.ALL), Resource.TOKENS: _ALL},
}


class Access(Struct, frozen=True):
    """What one visitor may see and do, at the moment of one request. Holds no secret."""

    visitor: Visitor = Visitor.ANYBODY
    name: str = ""
    places: tuple[str, ...] = ()  # ids of devices or areas, * allowed; empty: the whole site

    def grant(self, resource: Resource) -> Grant:
        """The cell of the matrix."""
        return MATRIX.get(self.visitor, {}).get(resource, NOTHING)

    def sees(self, resource: Resource) -> Detail:
        """How exactly they see it; who has the whole site as their own sees all of it exactly."""
        detail = self.grant(resource).see
        return Detail.EXACT if detail is Detail.OWN and not self.places else detail

    def sees_exactly(self, resource: Resource, device: Device) -> bool:
        """Whether they may know where this device is and what it is called."""
        detail = self.sees(resource)
        return detail is Detail.EXACT or (
            detail is Detail.OWN and self.is_own(device.id, device.area)
        )

    def may_act(self, resource: Resource) -> bool:
        """Whether they may act anywhere."""
        return self.grant(resource).act is not Acting.NONE

    def may_act_at(self, resource: Resource, device: Device) -> bool:
        """Whether they may act at this device."""
        acting = self.grant(resource).act
        return acting is Acting.ALL or (
            acting is Acting.OWN and self.is_own(device.id, device.area)
        )

    def is_own(self, device: str, area: str) -> bool:
        """Whether a device is one of their own, by its id or its area."""
        return not self.places or matches(self.places, (device, area))


def access_of(person: Person, *, on_duty: bool) -> Access:
    """What somebody may who has logged in."""
    visitor = Visitor(person.role.value)
    if person.role is UserRole.DEPUTY and not on_duty:
        visitor = Visitor.VIEWER
    return Access(visitor, person.name, person.places)


def matches(patterns: tuple[str, ...], names: tuple[str, ...]) -> bool:
    """Whether one of the names fits one of the patterns."""
    return any(fnmatchcase(name, pattern) for name in names if name for pattern in patterns)
