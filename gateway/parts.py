"""Builds the parts of one gateway that need no connection, from its configuration.

Owns the construction of each of these parts. Must not connect nor start anything (`gateway.app`).
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec import Struct
from starlette.routing import BaseRoute

from dashboard.pictures.naming_page import NamingPage
from dashboard.pictures.seeing import SeenPictures
from dashboard.pictures.upload import PictureUpload
from dashboard.web import assets
from dashboard.web.entry.key_file import KeyFile
from dashboard.web.responses import Reply
from gateway.alerts.channels import ChannelOptions
from gateway.alerts.channels.push_browsers import StoredPushBrowsers
from gateway.alerts.links import Links
from gateway.alerts.nearby.mail_texts import MailTexts
from gateway.alerts.nearby.mailer import NearbyMailer
from gateway.alerts.pictures.picture_links import PictureLinks
from gateway.alerts.pictures.sending import AlertPictures
from gateway.alerts.policy import Policy
from gateway.alerts.replies.tickets import Tickets
from gateway.clock import Clock, Timekeeper, utc_now
from gateway.config import Config, ConfigError
from gateway.domain.geo.areas import AreaError, Land, parse
from gateway.domain.people.person import Person
from gateway.domain.people.signing import Purpose
from gateway.ingest.messages.decoding import Sources
from gateway.ingest.people import importing
from gateway.ingest.people.actions import acknowledge
from gateway.ingest.photos.keeping import PhotoKeeper
from gateway.ingest.pictures.parts import PictureParts, picture_parts
from gateway.metrics import Health
from gateway.mqtt.link import Publish
from gateway.store import DiskError, Store
from gateway.store.clocks.clock_correction import open_timekeeper
from gateway.store.feed import Feed
from gateway.version import program_version

if TYPE_CHECKING:
    from gateway.export.influx.forward.forwarder import Forwarder
    from gateway.region.uplink.uplink import Uplink

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
    pictures: PictureParts
    clock: Clock = utc_now
    keeper: Timekeeper | None = (
        None  # decides whether the clock is trusted; None for a given `clock`
    )
    push: StoredPushBrowsers | None = None  # None: no push messages
    demo_account: Person | None = None  # the demo's account; never stored
    first_routes: Sequence[
        BaseRoute
    ] = ()  # pages before all others: a demo's while it makes its year


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
    leave_region(store, config)
    people = import_people(store, config, now())
    photos = PhotoKeeper(store, config, now)
    site = policy(config, people)
    pictures = picture_parts(store, feed, config, site, now, keeper)
    made = Gateway(config, store, sources, feed, health, site, photos, pictures, now, keeper)
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


def followers(gateway: Gateway) -> "dict[str, Forwarder | Uplink]":
    """What follows the journal, by the name of its section in the configuration."""
    made: dict[str, Forwarder | Uplink] = {}
    if gateway.config.influx.url:
        made["influx"] = forwarder(gateway)
    if gateway.config.region.url:
        made["region"] = uplink(gateway)
    return made


def uplink(gateway: Gateway) -> "Uplink":
    """The part that sends the town's record to its region."""
    from gateway.region.uplink import uplink as parts  # imported here: only a town with a region
    from gateway.region.uplink.metrics import UplinkMeters
    from gateway.region.uplink.requests import Requests

    config = gateway.config
    requests = Requests(
        gateway.store,
        gateway.feed,
        gateway.clock,
        config.region.requests,
        lambda tx, alert, by, now: acknowledge(tx, alert, by, gateway.policy, now, "region"),
    )
    names = parts.TownNames(
        config.site.name,
        config.site.title,
        ZoneInfo(config.site.timezone),
        program_version(),
        config.store.retention_days,
    )
    meters = UplinkMeters(gateway.health.registry)
    return parts.Uplink(gateway.store, config.region, names, requests, meters, gateway.clock)


def leave_region(store: Store, config: Config) -> None:
    """Without a region nothing is noted for one any more; a region of later gets everything again."""
    if config.region.url or not store.read_now(lambda reader: reader.region.follows()):
        return
    try:
        store.write_now(lambda tx: tx.region.unfollow())
    except DiskError as error:
        log.warning("region.url is empty, changes are still noted for the region: %s", error)
        return
    log.warning("region.url is empty: nothing is noted for the region any more")


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


def nearby_mailer(gateway: Gateway) -> NearbyMailer:
    """Sends warnings to residents nearby."""
    config = gateway.config
    site = config.site.title or config.site.name
    texts = MailTexts(config.dashboard.public_url, site, ZoneInfo(config.site.timezone))
    return NearbyMailer(gateway.store, gateway.policy, texts, gateway.clock)


def picture_links(gateway: Gateway) -> PictureLinks:
    """Makes and reads links to pictures."""
    settings = gateway.config.dashboard
    keys = KeyFile(gateway.store.path, settings.secret, gateway.clock).keys(Purpose.LINKS)
    return PictureLinks(keys, settings.public_url)


def alert_pictures(gateway: Gateway, publish: Publish) -> AlertPictures:
    """What lets pictures follow the texts of alerts."""
    files = gateway.pictures.taker.files
    return AlertPictures(
        gateway.store,
        gateway.policy,
        means(gateway.config, publish, gateway.push),
        picture_links(gateway),
        partial(files.read, small=True),
        gateway.clock,
        gateway.config.pictures.alerts_by,
    )


def picture_routes(gateway: Gateway, reply: Reply) -> list[BaseRoute]:
    """Pictures of cameras: seeing and naming them."""
    store, settings = gateway.store, gateway.config.pictures
    seen = SeenPictures(store, gateway.pictures.taker.files, picture_links(gateway), gateway.clock)
    naming = NamingPage(store, gateway.feed, reply, gateway.policy, gateway.clock, settings)
    upload = PictureUpload(store, gateway.pictures.taker, gateway.pictures.picture_reader)
    return [*upload.routes(), *naming.routes(), *seen.routes()]


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
