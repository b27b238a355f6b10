"""Builds the parts of one gateway that need no connection, from its configuration.

Owns the construction of each of these parts. Must not connect nor start anything (`gateway.app`).
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec import Struct

from dashboard.web import assets
from dashboard.web.entry.key_file import KeyFile
from gateway.alerts.channels import ChannelOptions
from gateway.alerts.channels.push_browsers import StoredPushBrowsers
from gateway.alerts.links import Links
from gateway.alerts.policy import Policy
from gateway.alerts.replies.tickets import Tickets
from gateway.clock import Clock, Timekeeper, utc_now
from gateway.config import Config, ConfigError
from gateway.domain.geo.areas import AreaError, Land, parse
from gateway.domain.people.person import Person
from gateway.domain.people.signing import Purpose
from gateway.ingest.messages.decoding import Sources
from gateway.ingest.people import importing
from gateway.ingest.photos.keeping import PhotoKeeper
from gateway.metrics import Health
from gateway.mqtt.link import Publish
from gateway.store import DiskError, Store
from gateway.store.clocks.clock_correction import open_timekeeper
from gateway.store.feed import Feed

if TYPE_CHECKING:
    from gateway.export.influx.forward.forwarder import Forwarder

log = logging.getLogger(__name__)


class Gateway(Struct):
    """The parts of one gateway, built and checked, not yet running."""

    config: Config
    store: Store
    sources: Sources
    feed: Feed
    health: Health
    policy: Policy
    photos: PhotoKeeper
    clock: Clock = utc_now
    keeper: Timekeeper | None = (
        None  # decides whether the clock is trusted; None for a given `clock`
    )
    push: StoredPushBrowsers | None = None  # None: no push messages
    demo_account: Person | None = None  # the demo's account; never stored


def build(config: Config, clock: Clock | None = None) -> Gateway:
    """Build the parts that need no connection. `clock` replaces the machine's and is always trusted.

    Raises ConfigError, StoreError or MissingAssetsError.
    """
    assets.check()
    if config.dashboard.history == "influx" and not config.influx.url:
        raise ConfigError('dashboard.history = "influx" needs influx.url; it is empty')
    sources = Sources(config.sources, config.site.name, config.models)
    health, feed = Health(), Feed()
    store = Store(Path(config.store.path), ZoneInfo(config.site.timezone), alone=True)
    keeper = None if clock else open_timekeeper(store)
    now = clock or keeper or utc_now
    people = import_people(store, config, now())
    photos = PhotoKeeper(store, config, now)
    made = Gateway(
        config, store, sources, feed, health, policy(config, people), photos, now, keeper
    )
    made.push = StoredPushBrowsers(store, push_subject(config))
    return made


def push_subject(config: Config) -> str:
    """How a push service can reach whoever runs this gateway."""
    public = config.dashboard.public_url
    return public if public.startswith("https:") else "mailto:operator@localhost.localdomain"


def import_people(store: Store, config: Config, now: datetime) -> Mapping[str, Person] | None:
    """Bring in whoever is new in the file; gives everybody, None if that failed. Raises ConfigError.

    Nothing is written where nothing is new: the gateway starts on a full disk too.
    """
    report, since = store.read_now(
        lambda reader: (importing.file_report(reader, config.people), reader.people.since())
    )
    if since is None or report.new:
        try:
            store.write_now(lambda tx: importing.bring_in(tx, config.people, report.new, now))
        except DiskError as error:
            log.warning("people: %s: not brought in: %s", ", ".join(report.new), error)
    if since and (sentence := report.sentence(since)):
        log.warning("%s", sentence)
    return store.read_now(lambda reader: reader.people.kept())


def forwarder(gateway: Gateway) -> "Forwarder":
    """The part that forwards committed events to InfluxDB."""
    from gateway.export.influx.forward.forwarder import (
        Forwarder,  # imported here: half a second and 15 MB that only InfluxDB needs
    )
    from gateway.export.influx.forward.metrics import Meters

    site = gateway.config.site
    return Forwarder(
        gateway.store,
        gateway.config.influx,
        site.name,
        ZoneInfo(site.timezone),
        Meters(gateway.health.registry),
        gateway.clock,
    )


def policy(config: Config, people: Mapping[str, Person] | None = None) -> Policy:
    """Thresholds, people and land of a site. Raises ConfigError for a land file that cannot be used."""
    areas = []
    for area in config.areas:
        land = Land(
            name=area.name,
            living=area.living,
            near_m=area.near_m,
            species=area.species,
            hours=area.hours,
        )
        try:
            areas.append(parse(land, Path(area.file).read_bytes()))
        except OSError as error:
            raise ConfigError(f"areas: {area.file}: {error.strerror}") from None
        except AreaError as error:
            raise ConfigError(f"areas: {area.file}: {error}") from None
    return Policy(config, areas, people)


def links(gateway: Gateway) -> Links:
    """Makes and reads one-tap links."""
    settings = gateway.config.dashboard
    keys = KeyFile(gateway.store.path, settings.secret, gateway.clock).keys(Purpose.LINKS)
    return Links(keys, settings.public_url, gateway.config.alerts.link_days)


def tickets(gateway: Gateway) -> Tickets:
    """Makes and reads the tickets of replies, with secrets made of those of links."""
    secret = gateway.config.dashboard.secret
    return Tickets(KeyFile(gateway.store.path, secret, gateway.clock).keys(Purpose.LINKS))


def means(
    config: Config, publish: Publish | None = None, push: StoredPushBrowsers | None = None
) -> ChannelOptions:
    """What channels are opened with."""
    return ChannelOptions(
        publish=publish,
        push=push,
        site=config.site.name,
        line_url=config.alerts.line_url,
        meshtastic_topic=config.alerts.meshtastic_topic,
    )
