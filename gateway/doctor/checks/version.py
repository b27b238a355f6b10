"""The program's version: how the last upgrade ended, and whether one is under way.

Owns what is told of it. Must not begin or end an upgrade.
"""

from datetime import UTC, datetime

from gateway.doctor.case import Case
from gateway.doctor.finding import Finding, fault, unknown, well
from gateway.upgrade.phases import UpgradeResult
from gateway.upgrade.state_file import StateFiles
from gateway.version import program_version

CHECK = "sudo shishigaki upgrade --check"
FOLDER = "opt/shishigaki/upgrade"


def version(case: Case) -> Finding:
    """Whether the newest upgrade is over and was accepted."""
    if case.is_hidden(FOLDER):
        return unknown("doctor.version_hidden", version=program_version())
    files = StateFiles(case.place(FOLDER))
    if (state := files.load()) is not None:
        return fault("doctor.version_tried", CHECK, version=state.new_version)
    ended = files.history()[-1:]
    if ended and ended[0].result is not UpgradeResult.ACCEPTED:
        day = f"{datetime.fromtimestamp(ended[0].ended_s, UTC):%Y-%m-%d}"
        one = ended[0]
        return fault(
            "doctor.version_returned", CHECK, version=one.new_version, day=day, why=one.reason
        )
    return well("doctor.version_well", version=program_version())
