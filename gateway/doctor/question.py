"""The question to the process that examines, and its answer. Must not import a check: the gateway loads this.

Owns their form.
"""

from msgspec import Struct

from gateway.config import Config
from gateway.doctor.finding import Finding


class Question(Struct, frozen=True):
    """Which gateway to examine."""

    config: Config
    config_file: str = ""


Findings = list[Finding]
