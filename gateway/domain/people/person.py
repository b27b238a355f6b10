"""One person: how they are notified, what they are responsible for, and what they may see and do. PURE.

Owns the person's fields and how their channels are numbered. Must not know the database, the pages or a
provider. Channel URLs and password hashes are secret: neither has a `repr` that shows them.
"""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from gateway.domain.alerts.lifecycle import Duty
from gateway.domain.model import AlertLevel
from gateway.words.catalogue import Language


class UserRole(StrEnum):
    """What a person may see and do; `permissions` says what that is."""

    RESIDENT = "resident"
    VIEWER = "viewer"
    TRAPPER = "trapper"
    DEPUTY = "deputy"
    OFFICIAL = "official"
    INSTALLER = "installer"
    ADMIN = "admin"


PRIVILEGED = frozenset({UserRole.OFFICIAL, UserRole.INSTALLER, UserRole.ADMIN})
"""Roles that see the whole site: who gets or loses one logs in again."""

ROLE_OF_DUTY = {
    Duty.TRAPPER: UserRole.TRAPPER,
    Duty.DEPUTY: UserRole.DEPUTY,
    Duty.OFFICE: UserRole.OFFICIAL,
}


class PersonChannel(Struct, frozen=True):
    """One way to reach a person. `id` is theirs for ever; another channel never gets it."""

    id: str
    url: str

    @property
    def scheme(self) -> str:
        """The part of the URL that is no secret."""
        return self.url.split(":", 1)[0].lower()

    def __repr__(self) -> str:
        return f"PersonChannel({self.id}, {self.scheme}:…)"


class Person(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who is notified, who logs in, or both."""

    name: str
    title: str = ""
    language: Language = "ja"
    role: UserRole = UserRole.VIEWER
    channels: tuple[PersonChannel, ...] = ()
    former: tuple[PersonChannel, ...] = ()  # taken away; of the URL only the scheme is kept
    duties: tuple[Duty, ...] = ()
    groups: tuple[str, ...] = ()  # names for several people, who take their turn together
    places: tuple[str, ...] = ()  # ids of devices or areas, * allowed; empty: the whole site
    quiet: str = "00-00"  # local hours without warnings; captures and dangers come through
    digest: tuple[AlertLevel, ...] = (AlertLevel.INFO,)  # gathered until the digest hour
    password_hash: str = ""  # argon2id, with its parameters; empty: no login by password

    def __repr__(self) -> str:
        return f"Person({self.name}, {self.role})"

    def channel(self, id_: str) -> PersonChannel | None:
        """The channel with this id, or None: it was taken away."""
        return next((one for one in self.channels if one.id == id_), None)

    def scheme(self, id_: str) -> str | None:
        """The scheme of a channel that they have or had."""
        every = (*self.channels, *self.former)
        return next((one.scheme for one in every if one.id == id_), None)


def with_channels(person: Person, urls: Sequence[str]) -> Person:
    """The person with these channels; those that they had keep their ids, deliveries under way too."""
    gone = list(person.channels)
    number = len(gone) + len(person.former)
    channels: list[PersonChannel] = []
    for url in urls:
        if kept := next((one for one in gone if one.url == url), None):
            gone.remove(kept)
        else:
            kept, number = PersonChannel(str(number), url), number + 1
        channels.append(kept)
    former = (*person.former, *(PersonChannel(one.id, f"{one.scheme}:") for one in gone))
    return replace(person, channels=tuple(channels), former=former)
