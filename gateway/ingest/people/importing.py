"""The people of the configuration file come into the database once; later changes there are named.

Owns who is brought in and what is said of the others. Must not read the file.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from hashlib import blake2b

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gateway.alerts.open_channels import wrong_channels
from gateway.config import ConfigError, PersonSettings
from gateway.config.people import person_of
from gateway.store import Reader, Transaction

WHERE = "use `shishigaki people` or the page"


class FileReport(Struct, frozen=True):
    """What the file says that the database does not."""

    new: tuple[str, ...] = ()  # to be brought in
    changed: tuple[str, ...] = ()  # the file says something else than when they were brought in
    gone: tuple[str, ...] = ()  # no longer in the file, but still notified

    def sentence(self, since: datetime) -> str:
        """What is said of a later change in the file; "" where there is none."""
        parts = [f"changed: {', '.join(self.changed)}"] if self.changed else []
        parts += [f"taken out: {', '.join(self.gone)}"] if self.gone else []
        if not parts:
            return ""
        return (
            f"people are kept in the database since {since:%Y-%m-%d}; what changed in the file since "
            f"does not count ({'; '.join(parts)}): {WHERE}"
        )


def compare(
    entries: Iterable[PersonSettings], known: Mapping[str, str | None], removed: AbstractSet[str]
) -> FileReport:
    """The file beside the database: `known` name to digest of what was brought in."""
    digests = {entry.name: digest(entry) for entry in entries}
    new = [
        name for name in digests if known.get(name) is None and name not in removed - known.keys()
    ]
    changed = [name for name, mark in digests.items() if known.get(name) not in {None, mark}]
    gone = [
        name for name, mark in known.items() if mark is not None and digests and name not in digests
    ]
    return FileReport(tuple(new), tuple(sorted(changed)), tuple(sorted(gone)))


def file_report(reader: Reader, entries: Sequence[PersonSettings]) -> FileReport:
    """What the file says that the database does not."""
    return compare(entries, reader.people.digests(), reader.people.removed())


def bring_in(
    tx: Transaction, entries: Sequence[PersonSettings], new: Iterable[str], now: datetime
) -> None:
    """Take people over; who has an account already keeps its role and password. Raises ConfigError."""
    by_name = {entry.name: entry for entry in entries}
    people = [person_of(by_name[name]) for name in new]
    if wrong := wrong_channels(people):
        raise ConfigError(wrong[0])
    tx.people.keep_here(now)
    for person in people:
        if before := tx.people.find(person.name):
            person = replace(person, role=before.role, password_hash=before.password_hash)
        tx.people.bring_in(person, digest(by_name[person.name]), now)


def digest(entry: PersonSettings) -> str:
    """Tells whether an entry changed; says nothing of what it holds."""
    return blake2b(msgspec.json.encode(entry), digest_size=16).hexdigest()
