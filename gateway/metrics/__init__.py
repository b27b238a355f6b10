"""What monitoring is told: counters of the gateway, figures of the site, wear of the disk."""

from gateway.metrics.health import Health as Health
from gateway.metrics.health import notify_systemd as notify_systemd
