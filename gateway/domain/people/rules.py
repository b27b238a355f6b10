"""What a person may look like, and who may change whom. PURE.

Owns these rules and their reasons in words. Must not know the database, the pages or a channel's provider.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from gateway.domain.errors import BadInputError
from gateway.domain.model import Device
from gateway.domain.people.permissions import Access, Resource, matches
from gateway.domain.people.person import Person, UserRole

LONGEST_NAME, LONGEST_TITLE, LONGEST_PLACE, LONGEST_URL = 64, 64, 64, 1_000
MOST_CHANNELS, MOST_PLACES, MOST_GROUPS = 8, 200, 20
HOURS = re.compile(r"([01]\d|2[0-4])-([01]\d|2[0-4])\Z")


class PersonError(BadInputError):
    """The person cannot be like that, or may not be changed by whoever asks."""

    def __init__(self, ja: str, en: str) -> None:
        super().__init__(f"{ja} / {en}")
        self.ja, self.en = ja, en


def plain(text: str) -> str:
    """A text as people see it: composed, without control characters and without bidi controls."""
    composed = unicodedata.normalize("NFC", text)
    kept = (char for char in composed if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co"})
    return " ".join("".join(kept).split())


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
    for holds, ja, en in _rules(person, others):
        if not holds:
            raise PersonError(ja, en)


def check_right(
    access: Access, before: Person | None, after: Person | None, everybody: Sequence[Person]
) -> None:
    """Raise PersonError unless this visitor may make this change."""
    gives_roles = access.may_act(Resource.ROLES)
    if not access.may_act(Resource.PEOPLE):
        raise PersonError("この操作の権限がありません。", "no right to change people")
    if before and before.role is UserRole.ADMIN and not gives_roles:
        raise PersonError(
            f"{before.name} は管理者です。変更できるのは管理者だけです。",
            f"{before.name} is an administrator: only administrators change them",
        )
    if after and after.role is not (before.role if before else UserRole.VIEWER) and not gives_roles:
        raise PersonError("役割を決められるのは管理者だけです。", "only administrators give a role")
    others = [one for one in everybody if not before or one.name != before.name]
    ends_one = before is not None and _opens_all(before) and not (after and _opens_all(after))
    if before and ends_one and not any(map(_opens_all, others)):
        raise PersonError(
            f"{before.name} は最後の管理者です。先にもう一人を管理者にしてください。",
            f"{before.name} is the last administrator: make somebody else one first",
        )


def unmatched(person: Person, devices: Iterable[Device]) -> list[str]:
    """Places of a person that no device has: a slip would leave traps without anybody."""
    names = [(device.id, device.area) for device in devices]
    return [one for one in person.places if not any(matches((one,), two) for two in names)]


def _rules(person: Person, others: Sequence[Person]) -> list[tuple[bool, str, str]]:
    groups = {group for one in others for group in one.groups}
    names = {one.name for one in others}
    return [
        (_fits(person.name, LONGEST_NAME), f"名前は1〜{LONGEST_NAME}文字です。",
         f"a name has 1 to {LONGEST_NAME} characters"),
        (len(person.title) <= LONGEST_TITLE, f"呼び名は{LONGEST_TITLE}文字までです。",
         f"a title has at most {LONGEST_TITLE} characters"),
        (person.name not in groups | set(person.groups),
         f"{person.name} は班の名前にも使われています。",
         f"{person.name} is the name of a group too"),
        (not names & set(person.groups),
         "人の名前は班の名前に使えません。", "the name of a person cannot be a group's"),
        (bool(HOURS.match(person.quiet)), f"静かな時間 {person.quiet[:20]!r} は 22-06 のように書きます。",
         f"quiet hours {person.quiet[:20]!r} must be written like 22-06"),
        (len(person.groups) <= MOST_GROUPS and all(_fits(one, LONGEST_NAME) for one in person.groups),
         f"班は{MOST_GROUPS}個まで、各{LONGEST_NAME}文字までです。",
         f"at most {MOST_GROUPS} groups of at most {LONGEST_NAME} characters"),
        (len(person.places) <= MOST_PLACES and all(_fits(one, LONGEST_PLACE) for one in person.places),
         f"担当は{MOST_PLACES}個まで、各{LONGEST_PLACE}文字までです。",
         f"at most {MOST_PLACES} areas or traps of at most {LONGEST_PLACE} characters"),
        (len(person.channels) <= MOST_CHANNELS, f"連絡先は{MOST_CHANNELS}件までです。",
         f"at most {MOST_CHANNELS} channels"),
        (all(len(one.url) <= LONGEST_URL for one in person.channels),
         f"連絡先は{LONGEST_URL}文字までです。", f"a channel has at most {LONGEST_URL} characters"),
        (not person.channels or bool(person.duties),
         "連絡先のある人には、役目（わな・代理・役場）を選んでください。",
         "somebody with a channel needs a duty: trapper, deputy or office"),
    ]  # fmt: skip


def _fits(text: str, longest: int) -> bool:
    return 1 <= len(text) <= longest


def _opens_all(person: Person) -> bool:
    """Whether somebody can log in and give roles."""
    return person.role is UserRole.ADMIN and bool(person.password_hash)


def _each(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(plain, texts))))
