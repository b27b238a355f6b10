"""The thresholds of a site, and those that single devices and areas have instead. PURE.

Owns which thresholds count for a device. Must not apply them (`gateway.alerts.rules`).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from gateway.config import ConfigError, Override
from gateway.config.messages import explain
from gateway.config.thresholds import Limits
from gateway.domain.model import Device
from gateway.domain.people.permissions import matches


class SiteLimits:
    """The thresholds of one site. Raises ConfigError for an override that is no threshold."""

    def __init__(self, site: Limits, overrides: Sequence[Override]) -> None:
        self._site = site
        self._overrides = [(one.devices, _merge(site, one.limits)) for one in overrides]
        self._found = lru_cache(16_384)(self._find)

    def of(self, device: Device | None) -> Limits:
        """The thresholds of a device; None: of the site."""
        if device is None or not self._overrides:
            return self._site
        return self._found(device.id, device.area)

    def _find(self, device: str, area: str) -> Limits:
        for patterns, limits in reversed(self._overrides):
            if matches(patterns, (device, area)):
                return limits
        return self._site


def _merge(site: Limits, changes: dict[str, Any]) -> Limits:
    try:
        return msgspec.convert(msgspec.structs.asdict(site) | changes, Limits)
    except msgspec.ValidationError as error:
        raise ConfigError(f"overrides.limits: {explain(str(error), changes, Limits)}") from None
