"""What the running gateway does at SIGHUP: it reads its settings again.

Owns which settings are used at once (thresholds, sensor models) and what is said about the others. People
and tokens are in the database and secrets in their file: those are used without a signal. Must not stop
the gateway: settings that cannot be used change nothing.
"""

import logging
from pathlib import Path

import msgspec

from gateway.app import Gateway
from gateway.config import Config, ConfigError, load
from gateway.config.site_limits import SiteLimits

log = logging.getLogger(__name__)

AT_ONCE = ("rules", "overrides", "models")


def changed_sections(old: Config, new: Config) -> list[str]:
    """The sections of the settings that differ."""
    return [name for name in Config.__struct_fields__ if getattr(old, name) != getattr(new, name)]


class LiveSettings:
    """The settings in force: those of the start, and what was read again since."""

    def __init__(self, gateway: Gateway, path: Path | None) -> None:
        self._gateway, self._path = gateway, path
        self._config = gateway.config

    def read_again(self) -> None:
        """Read the file; use what can be used at once, and log what needs a restart."""
        try:
            new = load(self._path)
            limits = SiteLimits(new.rules, new.overrides)
        except (ConfigError, OSError) as error:
            log.error("the settings stay as they are: %s", error)  # noqa: TRY400 - no bug of ours
            return
        changed = changed_sections(self._config, new)
        self._gateway.policy.use_limits(limits)
        if "models" in changed:
            self._gateway.sources.use_models(new.models)
        used = [name for name in changed if name in AT_ONCE]
        waiting = [name for name in changed if name not in AT_ONCE]
        self._config = replaced(self._config, new)
        log.info("settings read again; used at once: %s", ", ".join(used) or "nothing changed")
        if waiting:
            log.warning("used after a restart only: %s", ", ".join(waiting))


def replaced(old: Config, new: Config) -> Config:
    """The settings in force after reading `new` again."""
    return msgspec.structs.replace(old, **{name: getattr(new, name) for name in AT_ONCE})
