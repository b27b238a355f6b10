"""The table of rules: what opens each alert, what ends it, and who is notified. PURE.

Owns the rows. Must not apply them (`gateway.alerts.rules`). To add a rule: write its function in the
module of its subject, its name in `RuleName`, its row here, and its title in `gateway/words` (`rule.*`).
"""

from gateway.alerts.rules import devices, gateway, places, silence, traps, unregistered
from gateway.alerts.rules.types import Audience, Rule
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.model import AlertLevel, Kind

_DETECTIONS = frozenset({Kind.DETECTION})

RULES: tuple[Rule, ...] = (
    Rule(
        name=RuleName.TRAP_SPRUNG,
        level=AlertLevel.CAPTURE,
        opens="the trap springs and nobody has recorded an outcome since",
        ends="the trap is set again, or a person records the outcome",
        urgent=True,
        expects_outcome=True,
        on_change=traps.sprung,
    ),
    Rule(
        name=RuleName.OUTCOME_MISSING,
        level=AlertLevel.WARNING,
        opens="the sensor reports the trap as set again after a spring, and nobody has said what was in it",
        ends="a person records the outcome of every such spring, or `outcome_missing_days` have passed",
        on_site=traps.outcome_missing,
    ),
    Rule(
        name=RuleName.UNREGISTERED_SPRING,
        level=AlertLevel.CAPTURE,
        opens="a device that waits for approval, or whose name had no room in the list, reports a "
        "capture; each device once, more than five an hour together",
        ends="the device is approved or revoked, or a person ends it",
        audience=Audience.OFFICE,
        urgent=True,
        on_reports=unregistered.spring,
        still=unregistered.still_unregistered,
    ),
    Rule(
        name=RuleName.LIVING_AREA,
        level=AlertLevel.DANGER,
        opens="a species of `danger_species` in or near land marked `living`",
        ends="calm for `calm_min`, or a person ends it",
        audience=Audience.ALL,
        urgent=True,
        on_change=places.living_area,
        kinds=_DETECTIONS,
        still=traps.still_recent,
    ),
    Rule(
        name=RuleName.PROTECTED_LAND,
        level=AlertLevel.WARNING,
        opens="a species of the land's list in or within `near_m` of it, in its hours",
        ends="calm for `calm_min`, or a person ends it",
        on_change=places.protected_land,
        kinds=_DETECTIONS,
        still=traps.still_recent,
    ),
    Rule(
        name=RuleName.FIRST_APPEARANCE,
        level=AlertLevel.INFO,
        opens="a species that no sensor of the area saw for `first_after_days`",
        ends="calm for `calm_min`, or a person ends it",
        on_change=places.first_appearance,
        kinds=_DETECTIONS,
        still=traps.still_recent,
    ),
    Rule(
        name=RuleName.TAMPER,
        level=AlertLevel.WARNING,
        opens="the device reports tampering",
        ends="a person records a visit, or ends it",
        on_change=devices.tamper,
        kinds=frozenset({Kind.TAMPER}),
        still=traps.still_unvisited,
    ),
    Rule(
        name=RuleName.SILENT,
        level=AlertLevel.WARNING,
        opens="no sign of life for `silent_heartbeats` heartbeats, and not with many others",
        ends="the device is heard again",
        on_change=silence.heard_again,
        on_site=silence.silent,
    ),
    Rule(
        name=RuleName.MANY_SILENT,
        level=AlertLevel.WARNING,
        opens="`many_silent` devices and `many_silent_share` of what shares a network, a dialect or "
        "an area are overdue",
        ends="one in five or fewer are still overdue",
        audience=Audience.OFFICE,
        urgent=True,
        on_site=silence.many_silent,
    ),
    Rule(
        name=RuleName.BATTERY_LOW,
        level=AlertLevel.WARNING,
        opens="under `battery_low_pct` or `battery_low_v`, or the device says that it is low; without "
        "external power",
        ends="a tenth above the threshold, and the device does not say so",
        on_device=devices.battery_low,
    ),
    Rule(
        name=RuleName.UNREAD,
        level=AlertLevel.WARNING,
        opens="the content of the device's newest frame could not be read: codec, model or text",
        ends="a frame of it is read",
        on_device=devices.unread,
    ),
    Rule(
        name=RuleName.BATTERY_FALLING,
        level=AlertLevel.WARNING,
        opens="the lowest of a day fell by `battery_fall_pct` or `battery_fall_v` within "
        "`battery_fall_days`",
        ends="the fall is over",
        on_device=devices.battery_falling,
    ),
    Rule(
        name=RuleName.WEAK_SIGNAL,
        level=AlertLevel.INFO,
        opens="under `weak_rssi_dbm` or `weak_snr_db`",
        ends="3 dB above the threshold",
        on_device=devices.weak_signal,
    ),
    Rule(
        name=RuleName.MOVED,
        level=AlertLevel.WARNING,
        opens="reports a place more than `moved_m` (and 3 x its accuracy) from the registered one",
        ends="it is back, or its registered place was changed",
        on_device=devices.moved,
    ),
    Rule(
        name=RuleName.MANY_NAMES,
        level=AlertLevel.WARNING,
        opens="devices that nobody registered appear under more names than the list takes "
        "(`unknown_names.py`); named by the topic filter that they share",
        ends="no such name for an hour, or the names were forgotten",
        audience=Audience.OFFICE,
        urgent=True,
        on_site=unregistered.many_names,
    ),
    Rule(
        name=RuleName.TWO_BOARDS,
        level=AlertLevel.WARNING,
        opens="a device's boot number goes back and forth: two boards use the identity",
        ends="the number did not go back for a day",
        audience=Audience.OFFICE,
        urgent=True,
        on_site=unregistered.two_boards,
    ),
    Rule(
        name=RuleName.VISIT_DUE,
        level=AlertLevel.WARNING,
        opens="nobody has recorded a visit to the working trap for `visit_every_days` by "
        "`visit_due_hour`; what its sensor reports is no visit",
        ends="somebody records a visit, or the day is over",
        on_site=traps.visit_due,
    ),
    Rule(
        name=RuleName.RESIDENT_REPORT,
        level=AlertLevel.WARNING,
        opens="a resident's report arrives that nobody has taken up; one alert for all of them",
        ends="an official has taken up, answered or dismissed each of them",
        audience=Audience.OFFICE,
    ),
    Rule(
        name=RuleName.REPORT_HANDED,
        level=AlertLevel.WARNING,
        opens="an official hands a resident's report to this person, who alone is notified",
        ends="the report is done, or is handed to somebody else",
        urgent=True,
    ),
    Rule(
        name=RuleName.UNANSWERED,
        level=AlertLevel.WARNING,
        opens="a capture or danger is not acknowledged within `unanswered_min`, or whoever said that they "
        "go was expected that long ago and recorded no outcome",
        ends="it is acknowledged or over, or another time is expected",
        audience=Audience.OFFICE,
        urgent=True,
        on_site=gateway.unanswered,
    ),
    Rule(
        name=RuleName.GATEWAY_FAULT,
        level=AlertLevel.WARNING,
        opens="disk, clock, broker, sink, certificate or a channel of the gateway fails, messages wait "
        "to be judged for over ten minutes or may be lost, or the broker tells of a client id used twice "
        "or of refused logins",
        ends="the part works again",
        audience=Audience.OFFICE,
        urgent=True,
        gathered=False,
        on_site=gateway.fault,
    ),
)
TABLE: dict[str, Rule] = {rule.name: rule for rule in RULES}
