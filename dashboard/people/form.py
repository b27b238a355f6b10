"""The form of one person: its fields, and the person that it describes. PURE.

Owns the names of the fields. A channel that is there already stays unless its box is unticked; its address
is never in the form.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gateway.domain.alerts.lifecycle import Duty
from gateway.domain.model import AlertLevel
from gateway.domain.people.person import Person, UserRole, with_channels
from gateway.domain.people.rules import PersonError

MOST_FIELDS = 60
DIGESTS = (AlertLevel.INFO, AlertLevel.WARNING)


class PersonForm(Struct, frozen=True):
    """What was sent."""

    fields: Mapping[str, str]
    ticked: Mapping[str, Sequence[str]]  # fields that may come several times: duty, channel, digest

    @property
    def name(self) -> str:
        """Whom it is about."""
        return self.fields.get("name", "")

    @property
    def version(self) -> int:
        """The version of the person that the form was filled with; 0: somebody new."""
        text = self.fields.get("version", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1

    @property
    def password(self) -> str:
        """A new password; "": it stays."""
        return self.fields.get("password", "")

    def person(self, before: Person | None, password_hash: str) -> Person:
        """The person after the form. Raises PersonError for what no form offers."""
        base = before or Person(name=self.name)
        try:
            changed = replace(
                base,
                title=self.fields.get("title", ""),
                language="en" if self.fields.get("language") == "en" else "ja",
                role=UserRole(self.fields["role"]) if "role" in self.fields else base.role,
                duties=tuple(Duty(one) for one in self.ticked.get("duty", ())),
                groups=listed(self.fields.get("groups", "")),
                places=listed(self.fields.get("places", "")),
                quiet=self.fields.get("quiet", "") or "00-00",
                digest=tuple(AlertLevel(one) for one in self.ticked.get("digest", ())),
                password_hash=self._password(base, password_hash),
            )
        except ValueError:
            raise PersonError("person_error.role_or_duty") from None
        return with_channels(changed, self._urls(base))

    def _password(self, base: Person, password_hash: str) -> str:
        return (
            "" if self.fields.get("no_password") == "yes" else password_hash or base.password_hash
        )

    def _urls(self, base: Person) -> list[str]:
        kept = set(self.ticked.get("channel", ()))
        urls = [one.url for one in base.channels if one.id in kept]
        new = [line.strip() for line in self.fields.get("new_channels", "").splitlines()]
        return urls + [url for url in dict.fromkeys(new) if url and url not in urls]


def listed(text: str) -> tuple[str, ...]:
    """The parts of a text between commas or lines."""
    parts = text.replace("、", ",").replace("，", ",").replace("\n", ",").split(",")
    return tuple(part.strip() for part in parts if part.strip())
