"""The topics of pictures: of cameras, of Frigate's snapshots, and of classifiers' words. PURE.

Owns these names both ways. Must not know what is done with a message.
"""

import re
from collections.abc import Sequence

from msgspec import Struct

from gateway.mqtt.own_topics.names import of_site

CAMERA = "{camera}"
_ADDRESS = re.compile(r"[a-z0-9-]{1,32}\Z")


class TopicNames(Struct, frozen=True):
    """The names of one site. `patterns`: topics in which one level is `{camera}`."""

    site: str
    patterns: Sequence[str] = ()
    frigate: str = ""  # the prefix of Frigate's topics; empty: none
    classifier: bool = False

    @property
    def filters(self) -> list[tuple[str, int]]:
        """What is subscribed to, with the QoS to ask for."""
        found = [pattern.replace(CAMERA, "+") for pattern in self.patterns]
        if self.frigate:
            found.append(f"{self.frigate}/+/+/snapshot")
        if self.classifier:
            found.append(f"{self._root}+/label")
        return [(one, 1) for one in found]

    @property
    def status(self) -> str:
        """Whether this session is connected: `online`, last will `offline`."""
        return f"{of_site(self.site)}gateway/pictures"

    @property
    def _root(self) -> str:
        return f"{of_site(self.site)}picture/"

    def made(self, picture: str) -> str:
        """Where a picture is announced that a classifier may look at."""
        return f"{self._root}{picture}"

    def labelled(self, topic: str) -> str | None:
        """The picture that a topic brings a classifier's word on."""
        if not self.classifier or not topic.startswith(self._root) or not topic.endswith("/label"):
            return None
        return topic.removeprefix(self._root).removesuffix("/label")

    def snapshot(self, topic: str) -> tuple[str, str] | None:
        """Camera and label of a snapshot of Frigate."""
        if not self.frigate or not topic.startswith(f"{self.frigate}/"):
            return None
        levels = topic.removeprefix(f"{self.frigate}/").split("/")
        is_snapshot = len(levels) == 3 and levels[2] == "snapshot"
        return (levels[0], levels[1]) if is_snapshot else None

    def camera(self, topic: str) -> str | None:
        """The camera that sends pictures under a topic; None: its name cannot be a device's."""
        for pattern in self.patterns:
            before, _, behind = pattern.partition(CAMERA)
            if topic.startswith(before) and topic.endswith(behind):
                name = topic[len(before) : len(topic) - len(behind)].lower().replace("_", "-")
                if _ADDRESS.match(name):
                    return name
        return None
