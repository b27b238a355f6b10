"""Builds what takes the pictures of one gateway: taker, maker, and the ways of its settings.

Owns how these parts are connected. Must not take a picture itself.
"""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from gateway.alerts.policy import Policy
from gateway.alerts.replies.reconnect import Connection
from gateway.clock import Clock, Timekeeper
from gateway.config import Config
from gateway.domain.pictures.picture import PictureState
from gateway.ingest.pictures.by_mqtt.arriving import PictureTopics
from gateway.ingest.pictures.by_mqtt.classifier import ClassifierSeam
from gateway.ingest.pictures.by_mqtt.topic_names import TopicNames
from gateway.ingest.pictures.drop_folder import DropFolder
from gateway.ingest.pictures.files import PictureFiles
from gateway.ingest.pictures.mail.mailbox import CameraMailbox
from gateway.ingest.pictures.mail.makes import with_own
from gateway.ingest.pictures.making import PictureMaker
from gateway.ingest.pictures.picture_reader import PictureReader
from gateway.ingest.pictures.taking import PictureTaker
from gateway.mqtt import session_of
from gateway.mqtt.link import Terms
from gateway.mqtt.session import BrokerSession
from gateway.store import Store
from gateway.store.feed import Feed

MOST_HELD = 16  # messages that are not on the disk yet
MOST_PACKET_BYTES = 8_388_608
Faults = Callable[[], dict[str, str]]
Tasks = dict[str, Callable[[], Coroutine[Any, Any, None]]]


class PictureParts(Struct):
    """What takes and keeps pictures. `tasks`: to be run, by name."""

    taker: PictureTaker
    maker: PictureMaker
    picture_reader: PictureReader
    tasks: Tasks
    connections: list[Connection]
    more_faults: list[Faults]

    def faults(self) -> dict[str, str]:
        """What is wrong with pictures for so long that a person should know."""
        found = [fault for one in self.more_faults for fault in one().values()]
        found += [fault for one in self.connections if (fault := one.fault())]
        return {"pictures": ", ".join(found)} if found else {}


def folder(config: Config) -> Path:
    """The folder of the pictures of cameras."""
    given = config.pictures.folder
    return Path(given) if given else Path(config.store.path).parent / "camera-pictures"


def picture_session(config: Config, names: TopicNames, clock: Clock) -> BrokerSession:
    """A session of its own, which holds few of these large messages at once."""
    own = config.mqtt.client_id or f"shishigaki-{config.site.name}"
    settings = replace(
        config.mqtt,
        port=config.pictures.port or config.mqtt.port,
        max_uncommitted=MOST_HELD,
        max_packet_bytes=max(config.mqtt.max_packet_bytes, MOST_PACKET_BYTES),
    )
    terms = Terms(settings, f"{own}-pictures", names.status, tuple(names.filters))
    return session_of(terms, clock)


def picture_parts(
    store: Store,
    feed: Feed,
    config: Config,
    policy: Policy,
    clock: Clock,
    keeper: Timekeeper | None,
) -> PictureParts:
    """The parts that the settings name. What was arriving when the gateway ended is deleted."""
    settings, files, picture_reader = config.pictures, PictureFiles(folder(config)), PictureReader()
    waiting, kept = store.read_now(
        lambda reader: (
            reader.pictures.ids(PictureState.WAITING),
            reader.pictures.ids(PictureState.KEPT),
        )
    )
    files.clear(waiting, kept)
    taker = PictureTaker(store, feed, config, policy, clock, keeper, files)
    names = TopicNames(config.site.name, settings.topics, settings.frigate, settings.classifier)
    seam = ClassifierSeam(store, feed, policy, clock, names, config.dashboard.public_url)
    maker = PictureMaker(store, config, clock, files, picture_reader, taker.arrived, seam.announce)
    parts = PictureParts(taker, maker, picture_reader, {"pictures": maker.run}, [], [maker.faults])
    if names.filters:
        session = picture_session(config, names, clock)
        seam.publish = session.publish
        topics = PictureTopics(session, names, taker, picture_reader, store, seam.take)
        parts.tasks |= {"pictures by mqtt": session.run, "picture topics": topics.run}
    for one in config.camera_mailboxes:
        makes = with_own(config.camera_makes)
        box = CameraMailbox(one, config.cameras, makes, taker, picture_reader, clock)
        parts.tasks[f"pictures by mail from {one.name}"] = box.run
        parts.connections.append(box.connection)
    if settings.drop_folder:
        drops = DropFolder(Path(settings.drop_folder), config.cameras, taker, picture_reader)
        parts.tasks["dropped pictures"] = drops.run
        parts.more_faults.append(drops.faults)
    return parts
