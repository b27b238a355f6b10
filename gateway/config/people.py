"""The people of the configuration file as people of the database.

Owns this translation. The file's people are read into the database once (`gateway.ingest.people.importing`).
"""

from gateway.config import PersonSettings
from gateway.domain.alerts.lifecycle import Duty
from gateway.domain.people.person import ROLE_OF_DUTY, Person, with_channels


def person_of(entry: PersonSettings) -> Person:
    """Somebody of the file; they have no password and so no login yet."""
    duty = Duty(entry.duty)
    person = Person(
        name=entry.name,
        title=entry.title,
        language=entry.language,
        role=ROLE_OF_DUTY[duty],
        duties=(duty,),
        groups=entry.groups,
        places=entry.devices,
        quiet=entry.quiet,
        digest=entry.digest,
    )
    return with_channels(person, entry.channels)
