"""The clock: its year, and what keeps it right.

Owns which time services are known. Must not set the clock.
"""

from gateway.doctor.case import Case
from gateway.doctor.finding import Finding, fault, well

OLDEST_YEAR = 2025  # the program is younger
RESTART = "sudo systemctl restart systemd-timesyncd"
OTHERS = {"run/chrony": "chrony", "run/ntpd.pid": "ntpd", "run/ntpsec": "ntpsec"}
LINK = "etc/systemd/system/sysinit.target.wants/systemd-timesyncd.service"


def clock(case: Case) -> Finding:
    """Whether the year is possible, and a time service sets the clock."""
    if case.now.year < OLDEST_YEAR:
        return fault("doctor.clock_year", RESTART, year=case.now.year)
    if case.place("run/systemd/timesync/synchronized").exists():
        return well("doctor.clock_well", source="systemd-timesyncd", battery=_battery(case))
    for place, name in OTHERS.items():
        if case.place(place).exists():
            return well("doctor.clock_other", source=name, battery=_battery(case))
    if not case.place("usr/lib/systemd/systemd-timesyncd").exists():
        return fault("doctor.clock_nothing", "sudo apt-get install -y systemd-timesyncd")
    if not case.place("run/systemd/timesync").exists():
        return fault("doctor.clock_stopped", "sudo systemctl enable --now systemd-timesyncd")
    return fault("doctor.clock_waits", RESTART, battery=_battery(case))


def _battery(case: Case) -> str:
    return "RTC" if case.place("sys/class/rtc/rtc0").exists() else "-"
