"""The keys of the table `setting`: what the gateway remembers across restarts, one text per key.

Owns the keys. Must not decide what is stored under them: each key's reader and writer stand together in
the module that its comment names. Keys of a follower are its name and the part (`followers.follower`).
"""

from enum import StrEnum


class SettingKey(StrEnum):
    """One row of the table `setting`."""

    ACCOUNTS_EXISTED = "had_accounts"  # people.table: the last login was removed, pages stay closed
    BACKUP = "backup.whole"  # backup.state: what the last backup of the whole gateway gave
    BROKER_MEMORY = "broker.memory"  # mqtt.losses.gaps: what is known of the broker's session
    DEMO_REACHED = "demo_reached"  # cli.demo: simulated time up to which messages were sent
    DEMO_STARTED = "demo_started"  # cli.demo: simulated time at which the demo began
    DRILL = "backup.drill"  # backup.state: what the last drill gave
    FILE_REPORT = "file_report"  # recovery.file_report: what was done with a broken file
    INFLUX_ACTS = "influx.acts"  # followers.influx: number of the newest action that was sent
    INFLUX_BACKFILL = "influx.backfill"  # forward.backfill: where an unfinished backfill goes on
    INFLUX_DONE = "influx.done"  # followers.table: journal numbers that were sent
    INFLUX_LAYOUT = "influx.layout"  # followers.table: the layout in which roll-ups were sent
    INFLUX_MARKED = (
        "influx.marked"  # followers.table: last device whose open hours were noted as due
    )
    INFLUX_SIGHTINGS = "influx.sightings"  # followers.influx: number of the newest report sent
    INFLUX_WALK = "influx.walk"  # followers.table: how far the old roll-ups were sent
    JOURNAL = "journal"  # followers.region: the name of this life of the database
    LOOPBACK = "loopback"  # ingest.messages.intake: the last question that was answered
    MONTHS_UNTIL = "months.until"  # rollups.months: first month since 1970 that is not added up
    NOTICE_PREFIXES = "notices.prefixes"  # export.topics: prefixes of people's mqtt: channels
    PAGE_SIZE_TRIED = "page_size.tried"  # file.page_size: bytes a page that were tried once
    PEOPLE_SINCE = "people_since"  # people.table: since when people are kept in the database
    REGION_COMPARE = "region.compare"  # followers.region: the day on which all was sent anew
    REGION_DONE = "region.done"  # followers.table, and so the next three
    REGION_JOURNAL = "region.journal"  # followers.region: the journal that is sent
    REGION_LAYOUT = "region.layout"
    REGION_LEVEL = "region.level"  # region.uplink: how exactly places were sent last
    REGION_MARKED = "region.marked"
    REGION_RECORDS = "region.records"  # followers.region: how far old records were noted as due
    REGION_SESSION = "region.session"  # followers.region: starts of the uplink, in count
    REGION_VERSION = "region.version"  # followers.region: of the last block that was taken
    REGION_WALK = "region.walk"
    REPLIES_NTFY = "replies.ntfy"  # alerts.replies: the last reply that was read
    RETAINED_TOPICS = (
        "board.topics"  # export.topics: every topic that may be retained at the broker
    )
    RETURNED = "upgrade.returned"  # trial.data: the last message of a trial that is in the backlog
    TRIAL = "upgrade.trial"  # trial.table: the upgrade whose new version is tried now
    UNTRUSTED_PERIOD = "clock.era"  # redate: the period without a trusted clock that is under way
    WARNED_ALERT = "warnings.alert"  # reports.warnings: the newest alert that was looked at
    WRITTEN = "card.written"  # metrics.written: bytes written in the last days
