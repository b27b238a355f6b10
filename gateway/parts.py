"""Builds the parts of one gateway that need no connection, from its configuration.

Owns the construction of each of these parts. Must not connect nor start anything (`gateway.app`).
"""

from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec import Struct

from dashboard.web import assets
from dashboard.web.auth import signing_secret
from gateway.alerts.channels import Means
from gateway.alerts.channels.table import OpenChannel, open_channel
from gateway.alerts.links import Links
from gateway.alerts.policy import Policy
from gateway.clock import Clock, Timekeeper, utc_now
from gateway.config import Config, ConfigError
from gateway.domain.accounts import Account
from gateway.domain.geo.areas import AreaError, Land, parse
from gateway.ingest.messages.decoding import Sources
from gateway.metrics import Health
from gateway.mqtt.link import Publish
from gateway.store import Store
from gateway.store.clocks.clock_correction import open_timekeeper
from gateway.store.feed import Feed
from gateway.store.tables.outbox import DeliveryQueue

if TYPE_CHECKING:
    from gateway.export.influx.forward.forwarder import Forwarder


class Gateway(Struct):
    """The parts of one gateway, built and checked, not yet running."""

    config: Config
    store: Store
    sources: Sources
    feed: Feed
    health: Health
    policy: Policy
    clock: Clock = utc_now
    keeper: Timekeeper | None = (
        None  # decides whether the clock is trusted; None for a given `clock`
    )
    demo_account: Account | None = None  # the demo's account; never stored


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
    return Gateway(
        config, store, sources, feed, health, policy(config), clock or keeper or utc_now, keeper
    )


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


def policy(config: Config) -> Policy:
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
    return Policy(config, areas)


def links(gateway: Gateway) -> Links:
    """Makes and reads one-tap links."""
    settings = gateway.config.dashboard
    secret = signing_secret(settings, gateway.store.path)
    return Links(secret, settings.public_url, gateway.config.alerts.link_days)


def open_channels(
    config: Config, publish: Publish | None = None
) -> dict[DeliveryQueue, OpenChannel]:
    """The channels of each person. Raises ConfigError naming the person, never the secret URL."""
    means = Means(
        publish=publish,
        site=config.site.name,
        line_url=config.alerts.line_url,
        meshtastic_topic=config.alerts.meshtastic_topic,
    )
    channels = {}
    for person in config.people:
        for number, url in enumerate(person.channels):
            try:
                channels[person.name, str(number)] = open_channel(url, means)
            except ValueError as error:
                raise ConfigError(f"people: {person.name}, channel {number + 1}: {error}") from None
    return channels
