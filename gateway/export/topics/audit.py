"""Which retained topics at the broker are left over: what is retained compared with the database. PURE.

Owns which topics are ours and which of those are ghosts. A database that was restored or salvaged does not
know what was published since; a channel that was removed deletes nothing. Must not talk to the broker.
"""

from collections.abc import Iterable, Iterator, Mapping, Set

import msgspec
from msgspec import Struct

from gateway.dialects.ha_discovery import OURSELVES
from gateway.domain.people.person import Person
from gateway.export.topics.homeassistant import node_of_site
from gateway.mqtt.own_topics import names


class OwnTopics(Struct, frozen=True):
    """Where a gateway may have retained something."""

    site: str
    discovery_prefix: str
    notices: frozenset[str]  # prefixes of people's channels, present and earlier ones

    def filters(self) -> list[str]:
        """The topic filters under which to look; the few topics that matter most come first."""
        begin = names.of_site(self.site)
        own = [f"{begin}alert/+", f"{names.notices(self.site)}+/+"]
        others = sorted(f"{one}+" for one in self.notices if not one.startswith(begin))
        return [*own, *others, f"{begin}+/state", f"{self.discovery_prefix}/+/+/+/config"]

    def ghosts(
        self,
        retained: Mapping[str, bytes],
        wanted: Iterable[str],
        open_alerts: Set[str],
        present: Set[str],
    ) -> list[str]:
        """The topics to delete; `present`: prefixes of the channels that there are now."""
        keep = set(wanted)
        return [
            topic
            for topic, payload in retained.items()
            if topic not in keep
            and self._is_ours(topic, payload)
            and not _is_open_notice(topic, open_alerts, present)
        ]

    def _is_ours(self, topic: str, payload: bytes) -> bool:
        if not topic.startswith(f"{self.discovery_prefix}/"):
            return True  # found by a filter that matches only our own
        node = topic.removeprefix(f"{self.discovery_prefix}/").split("/")[1]
        own = node_of_site(self.site)
        return (node == own or node.startswith(f"{own}_")) and _is_declared_by_us(payload)


def notice_prefixes(people: Iterable[Person], site: str) -> frozenset[str]:
    """The prefixes of all `mqtt:` channels that there are."""
    return frozenset(_prefixes(people, site))


def _prefixes(people: Iterable[Person], site: str) -> Iterator[str]:
    for person in people:
        for channel in person.channels:
            if channel.scheme == "mqtt":
                try:
                    yield names.notice_prefix(channel.url, site, person.name)
                except ValueError:
                    continue  # it cannot be opened either: `open_channels` reports it


def _is_open_notice(topic: str, open_alerts: Set[str], present: Set[str]) -> bool:
    prefix, _, alert = topic.rpartition("/")
    return f"{prefix}/" in present and alert in open_alerts


def _is_declared_by_us(payload: bytes) -> bool:
    try:
        declared = msgspec.json.decode(payload)
    except msgspec.DecodeError:
        return False
    origin = declared.get("origin") if isinstance(declared, dict) else None
    return isinstance(origin, dict) and origin.get("name") == OURSELVES
