"""The configuration: one TOML file and the environment, checked completely before anything connects.

Owns names, defaults and limits of the settings (`environment` reads variables, `messages` words errors).
Must not open a connection, create a file or use a setting.
"""

import os
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from gateway.config.actions import Actions
from gateway.config.backup import Backup
from gateway.config.broker import BrokerSettings as BrokerSettings
from gateway.config.dashboard import Dashboard as Dashboard
from gateway.config.dashboard import Port as Port
from gateway.config.environment import PREFIX, overlay
from gateway.config.media import pictures as cameras
from gateway.config.media.photos import Photos
from gateway.config.media.pictures import Camera, PictureMailbox, Pictures
from gateway.config.messages import ConfigError, explain
from gateway.config.office import Office, Paperwork, Public
from gateway.config.region import RegionSettings
from gateway.config.replies import Replies
from gateway.config.residents.reports import Reports
from gateway.config.thresholds import Hours, Limits
from gateway.dialects.sensors.models import ModelRow, UnknownMeaningError, with_own
from gateway.domain import zones
from gateway.domain.model import AlertLevel
from gateway.domain.pictures.makes import MakeRow
from gateway.words.catalogue import Language

SlugName = Annotated[
    str, Meta(pattern=r"^[a-z0-9-]{1,32}\Z", description="a-z, 0-9 and -, at most 32")
]
Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]
Qos = Annotated[int, Meta(ge=0, le=1, description="0 or 1: QoS 2 cannot wait for the commit")]
Filter = Annotated[
    str,
    Meta(
        pattern=r"^(?!\Z)((\+|[^+#/\x00]*)(/(\+|[^+#/\x00]*))*(/#)?|#)\Z",
        description="an MQTT topic filter: + for one whole level, # for the rest, at its end only",
    ),
]

__all__ = ["PREFIX", "Config", "ConfigError", "check", "load"]


class _ConfigSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of all sections: an unknown key is an error."""


class Site(_ConfigSection, frozen=True, kw_only=True):
    """Name, language and time zone of this gateway's site."""

    name: SlugName = "site"
    title: str = ""
    timezone: str = "Asia/Tokyo"
    language: Language = "ja"


class SourceSettings(_ConfigSection, frozen=True, kw_only=True):
    """One kind of equipment: which topics it publishes and how to read them."""

    dialect: str
    topics: tuple[Filter, ...] = ()  # empty: the dialect's own default topic filters
    qos: Qos = 1


class Mqtt(_ConfigSection, frozen=True, kw_only=True):
    """The broker that sensors publish to."""

    host: str = "127.0.0.1"
    port: Port = 1883
    client_id: str = ""  # empty: shishigaki-<site.name>
    username: str = ""
    password: str = ""
    tls: bool = False
    ca_file: str = ""  # empty: the system's certificates
    cert_file: str = ""
    key_file: str = ""
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    keepalive_s: Annotated[int, Meta(ge=1, le=65_535)] = 60
    # how long the broker holds messages for us
    session_expiry_s: Annotated[int, Meta(ge=1, le=4_294_967_295)] = 604_800
    max_uncommitted: Positive = 5_000  # messages; with more we stop reading
    max_packet_bytes: Annotated[int, Meta(ge=1, le=268_435_455)] = 1_048_576


class StoreSettings(_ConfigSection, frozen=True, kw_only=True):
    """The embedded database."""

    path: str = "shishigaki.db"
    retention_days: Annotated[int, Meta(ge=0)] = 0  # 0: keep everything
    disk_reserve_mb: Annotated[int, Meta(ge=0)] = 200
    max_batch: Positive = 1_500  # messages in one transaction
    routine_wait_s: Annotated[float, Meta(ge=0, le=30)] = 30.0  # heartbeats ... wait for others
    card_endurance_tb: Annotated[float, Meta(gt=0, le=100_000)] = (
        5.0  # TB that may be written, by its maker
    )


class Influx(_ConfigSection, frozen=True, kw_only=True):
    """A central InfluxDB to which committed events are forwarded; the store remains the record."""

    url: Annotated[
        str,
        Meta(pattern=r"^(https?://[^\s/?#]+(/[^\s?#]*)?)?\Z", description="http(s)://host:port"),
    ] = ""  # empty: nothing is forwarded
    database: Annotated[
        str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z", description="A-Z, a-z, 0-9, _ and -")
    ] = "shishigaki"
    username: str = ""
    password: str = ""
    token: str = ""  # 2.x and 3: sent as the password, which all versions understand
    ca_file: str = ""  # empty: the system's certificates
    gzip: Literal["auto", "always", "never"] = "auto"  # auto: not to a server on this machine
    batch: Annotated[int, Meta(ge=1, le=20_000)] = 4_000  # points in one request
    interval_s: Annotated[float, Meta(ge=0.05, le=3_600)] = 5.0  # new events are sent this often
    backlog_per_s: Annotated[int, Meta(ge=0)] = 2_000  # events a second from the past; 0: no limit
    timeout_s: Seconds = 30.0  # for one request, all in all
    retention_days: Annotated[int, Meta(ge=0)] = 0  # 0: keep everything
    shard_days: Annotated[int, Meta(ge=1, le=3_650)] = 364  # long shards make fleet queries fast


class HomeAssistant(_ConfigSection, frozen=True, kw_only=True):
    """Declares traps, sensors and alerts to Home Assistant by MQTT discovery."""

    enabled: bool = False
    discovery_prefix: Annotated[
        str, Meta(pattern=r"^[^+#\x00/]+(/[^+#\x00/]+)*\Z", description="a topic without + and #")
    ] = "homeassistant"


class PersonSettings(_ConfigSection, frozen=True, kw_only=True):
    """A recipient of alerts: channels, devices and hours."""

    name: SlugName
    title: str = ""
    language: Language = "ja"
    channels: tuple[str, ...]  # console:, line:, mqtt:, meshtastic: or any Apprise URL
    duty: Literal["trapper", "deputy", "office"] = "trapper"  # in the order of escalation
    groups: tuple[SlugName, ...] = ()  # names of groups, whose members take their turn together
    devices: tuple[str, ...] = ()  # ids or areas, * allowed; empty: all
    quiet: Hours = "00-00"  # local hours without warnings; captures and dangers are sent
    digest: tuple[AlertLevel, ...] = (AlertLevel.INFO,)  # collected until the digest hour


class Rota(_ConfigSection, frozen=True, kw_only=True):
    """People who take turns (当番): only the one on duty is notified first."""

    people: Annotated[tuple[SlugName, ...], Meta(min_length=1)]  # or groups of people
    since: date  # first day of the first one's turn
    days: Positive = 7


class Override(_ConfigSection, frozen=True, kw_only=True):
    """Different thresholds for some devices."""

    devices: tuple[str, ...]  # ids or areas, * allowed, e.g. "oku/*" for another site
    limits: dict[str, Any]  # keys of [rules]


class AreaSettings(_ConfigSection, frozen=True, kw_only=True):
    """A GeoJSON file of land, and which species to alert on there."""

    name: Annotated[str, Meta(min_length=1, max_length=24)]
    file: str
    living: bool = False  # people live there: dangerous species have their own alert class
    near_m: Annotated[float, Meta(ge=0, le=10_000)] = 200.0
    species: tuple[str, ...] = ()  # empty: all
    hours: Hours = "00-24"


PUSH_SERVICES = (
    "fcm.googleapis.com",
    "*.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
)


class Alerts(_ConfigSection, frozen=True, kw_only=True):
    """Escalation, digests, links, and the heartbeat to an outside monitor."""

    remind_every_min: Positive = 20
    remind_times: Annotated[int, Meta(ge=0, le=10)] = 2
    deputy_after_min: Positive = 30
    office_after_min: Positive = 60
    missing_remind_h: Positive = 24  # hours between reminders of a missing outcome
    reopen_min: Annotated[int, Meta(ge=0)] = 10
    gather_s: Annotated[float, Meta(ge=0, le=600)] = 10.0  # warnings become one message
    digest_hour: Annotated[int, Meta(ge=0, le=23)] = 7
    give_up_h: Annotated[float, Meta(ge=72)] = 72.0
    link_days: Positive = 14
    tick_s: Seconds = 30.0
    line_url: str = "https://api.line.me"
    meshtastic_topic: str = "msh/JP/2/json/mqtt/"
    push_services: tuple[str, ...] = PUSH_SERVICES  # hosts to which push messages may go
    heartbeat_url: str = ""  # requested while all is well; the monitor there alerts when it stops
    heartbeat_s: Seconds = 300.0


class Quota(_ConfigSection, frozen=True, kw_only=True):
    """How many messages a channel may send in a calendar month."""

    channel: str  # the URL's scheme, e.g. "line"
    month: Positive
    reserve: Annotated[int, Meta(ge=0)]  # kept for captures and dangers


LINE_FREE = Quota(channel="line", month=200, reserve=60)


class Config(_ConfigSection, frozen=True, kw_only=True):
    """All settings of one gateway."""

    site: Site = Site()
    mqtt: Mqtt = Mqtt()
    broker: BrokerSettings = BrokerSettings()
    sources: tuple[SourceSettings, ...] = (SourceSettings(dialect="native"),)
    store: StoreSettings = StoreSettings()
    dashboard: Dashboard = Dashboard()
    influx: Influx = Influx()
    region: RegionSettings = RegionSettings()
    homeassistant: HomeAssistant = HomeAssistant()
    people: tuple[PersonSettings, ...] = ()
    rules: Limits = Limits()
    overrides: tuple[Override, ...] = ()
    areas: tuple[AreaSettings, ...] = ()
    alerts: Alerts = Alerts()
    actions: Actions = Actions()
    replies: Replies = Replies()
    rota: tuple[Rota, ...] = ()
    quotas: tuple[Quota, ...] = (LINE_FREE,)
    office: Office = Office()
    public: Public = Public()
    paperwork: Paperwork = Paperwork()
    photos: Photos = Photos()
    pictures: Pictures = Pictures()
    cameras: tuple[Camera, ...] = ()
    camera_mailboxes: tuple[PictureMailbox, ...] = ()
    camera_makes: dict[str, MakeRow] = {}  # beside the shipped ones
    reports: Reports = Reports()
    backup: Backup = Backup()
    models: dict[str, ModelRow] = {}  # the site's own sensor models, beside the shipped ones


def load(path: Path | None, environ: Mapping[str, str] = os.environ) -> Config:
    """Read `path` (None: defaults) and the environment. Raises ConfigError naming what is wrong."""
    values = _read(path) if path else {}
    overlay(values, environ, Config)
    return check(values)


def check(values: dict[str, Any]) -> Config:
    """Turn plain values into a Config. Raises ConfigError naming the key and what is allowed."""
    try:
        config = msgspec.convert(values, Config)
        with_own(config.models)
    except msgspec.ValidationError as error:
        raise ConfigError(explain(str(error), values, Config)) from None
    except UnknownMeaningError as error:
        raise ConfigError(str(error)) from None
    _check_zone(config.site.timezone)
    if (
        problem := config.paperwork.problem()
        or config.dashboard.problem()
        or config.region.problem()
        or cameras.problem(
            config.pictures, config.cameras, config.camera_mailboxes, config.camera_makes
        )
        or config.reports.problem(config.dashboard.public_url)
    ):
        raise ConfigError(problem)
    return config


def _check_zone(name: str) -> None:
    if why := zones.problem(name):
        raise ConfigError(f"site.timezone = {name!r}: {why}")


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
