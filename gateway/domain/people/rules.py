"""What a person may look like, and who may change whom. PURE.

Owns these rules and their reasons in words. Must not know the database, the pages or a channel's provider.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from gateway.domain.errors import TranslatedError
from gateway.domain.model import Device
from gateway.domain.people.permissions import Access, Resource, matches
from gateway.domain.people.person import Person, UserRole
from gateway.words.visible import visible

LONGEST_NAME, LONGEST_TITLE, LONGEST_PLACE, LONGEST_URL = 64, 64, 64, 1_000
MOST_CHANNELS, MOST_PLACES, MOST_GROUPS = 8, 200, 20
HOURS = re.compile(r"([01]\d|2[0-4])-([01]\d|2[0-4])\Z")


class PersonError(TranslatedError):
    """The person cannot be like that, or may not be changed by whoever asks; a key `person_error.*`."""


def plain(text: str) -> str:
    """A name that people log in with: plain, and without the joiners that make two names look alike."""
    named = (char for char in visible(text) if unicodedata.category(char) not in {"Cf", "Co"})
    return unicodedata.normalize("NFC", " ".join("".join(named).split()))


def cleaned(person: Person) -> Person:
    """The person with every text plain."""
    return replace(
        person,
        name=plain(person.name),
        title=plain(person.title),
        groups=_each(person.groups),
        places=_each(person.places),
    )


def check(person: Person, everybody: Iterable[Person]) -> None:
    """Raise PersonError unless the person can be kept beside the others."""
    others = [one for one in everybody if one.name != person.name]
    for holds, key, values in _rules(person, others):
        if not holds:
            raise PersonError(f"person_error.{key}", **values)


def check_right(
    access: Access, before: Person | None, after: Person | None, everybody: Sequence[Person]
) -> None:
    """Raise PersonError unless this visitor may make this change."""
    gives_roles = access.may_act(Resource.ROLES)
    if not access.may_act(Resource.PEOPLE):
        raise PersonError("person_error.no_right")
    if before and before.role is UserRole.ADMIN and not gives_roles:
        raise PersonError("person_error.administrator", name=before.name)
    if after and after.role is not (before.role if before else UserRole.VIEWER) and not gives_roles:
        raise PersonError("person_error.role")
    others = [one for one in everybody if not before or one.name != before.name]
    ends_one = before is not None and _opens_all(before) and not (after and _opens_all(after))
    if before and ends_one and not any(map(_opens_all, others)):
        raise PersonError("person_error.last_administrator", name=before.name)


def unmatched(person: Person, devices: Iterable[Device]) -> list[str]:
    """Places of a person that no device has: a slip would leave traps without anybody."""
    names = [(device.id, device.area) for device in devices]
    return [one for one in person.places if not any(matches((one,), two) for two in names)]


def has_unsaid_places(person: Person) -> bool:
    """Whether somebody sees the whole site exactly only because nobody has said what is theirs."""
    return person.role in {UserRole.TRAPPER, UserRole.DEPUTY} and not person.places


def _rules(person: Person, others: Sequence[Person]) -> list[tuple[bool, str, dict[str, object]]]:
    """Whether each rule holds, and the key and values of its text."""
    names, taken = {one.name for one in others}, {group for one in others for group in one.groups}
    groups, places, urls = person.groups, person.places, [one.url for one in person.channels]
    return [
        (_fit([person.name], LONGEST_NAME), "name_length", {"most": LONGEST_NAME}),
        (len(person.title) <= LONGEST_TITLE, "title_length", {"most": LONGEST_TITLE}),
        (person.name not in taken | set(groups), "name_of_group", {"name": person.name}),
        (not names & set(groups), "group_of_name", {}),
        (bool(HOURS.match(person.quiet)), "quiet_hours", {"quiet": person.quiet[:20]}),
        (
            len(groups) <= MOST_GROUPS and _fit(groups, LONGEST_NAME),
            "groups",
            {"most": MOST_GROUPS, "length": LONGEST_NAME},
        ),
        (
            len(places) <= MOST_PLACES and _fit(places, LONGEST_PLACE),
            "places",
            {"most": MOST_PLACES, "length": LONGEST_PLACE},
        ),
        (len(urls) <= MOST_CHANNELS, "channels", {"most": MOST_CHANNELS}),
        (all(len(url) <= LONGEST_URL for url in urls), "channel_length", {"most": LONGEST_URL}),
        (not urls or bool(person.duties), "duty", {}),
    ]


def _fit(texts: Iterable[str], longest: int) -> bool:
    return all(1 <= len(text) <= longest for text in texts)


def _opens_all(person: Person) -> bool:
    """Whether somebody can log in and give roles."""
    return person.role is UserRole.ADMIN and bool(person.password_hash)


def _each(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(plain, texts))))
