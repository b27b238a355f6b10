"""The keys of the table `setting`: what the gateway remembers across restarts, one text per key.

Owns the keys. Must not decide what is stored under them: each key's reader and writer stand together in
the module that its comment names. Triggers of `schema` name INFLUX_FOLLOW by its text.
"""

from enum import StrEnum


class SettingKey(StrEnum):
    """One row of the table `setting`."""

    ACCOUNTS_EXISTED = "had_accounts"  # people.table: the last login was removed, pages stay closed
    BROKER_MEMORY = "broker.memory"  # mqtt.losses.gaps: what is known of the broker's session
    DEMO_REACHED = "demo_reached"  # cli.demo: simulated time up to which messages were sent
    DEMO_STARTED = "demo_started"  # cli.demo: simulated time at which the demo began
    FILE_REPORT = "file_report"  # recovery.file_report: what was done with a broken file
    INFLUX_ACTS = "influx.acts"  # replication: number of the newest action that was sent
    INFLUX_BACKFILL = "influx.backfill"  # forward.backfill: where an unfinished backfill goes on
    INFLUX_DONE = "influx.done"  # replication: journal numbers that were sent
    INFLUX_FOLLOW = "influx.follow"  # replication: changes are noted for InfluxDB
    INFLUX_LAYOUT = "influx.layout"  # replication: the layout in which roll-ups were sent
    INFLUX_MARKED = "influx.marked"  # replication: last device whose open hours were noted as due
    INFLUX_SIGHTINGS = "influx.sightings"  # replication: number of the newest report that was sent
    INFLUX_WALK = "influx.walk"  # rollups.walk: how far the old roll-ups were sent
    MONTHS_UNTIL = "months.until"  # rollups.months: first month since 1970 that is not added up
    NOTICE_PREFIXES = "notices.prefixes"  # export.topics: prefixes of people's mqtt: channels
    PEOPLE_SINCE = "people_since"  # people.table: since when people are kept in the database
    REPLIES_NTFY = "replies.ntfy"  # alerts.replies: the last reply that was read
    RETAINED_TOPICS = (
        "board.topics"  # export.topics: every topic that may be retained at the broker
    )
    UNTRUSTED_PERIOD = "clock.era"  # redate: the period without a trusted clock that is under way
