"""The certificate that the broker of this machine shows to sensors, and a watch over its end.

Owns one short TLS connection at a time. What is served counts, not what lies on the disk: a file that was
renewed and not read again does not help a sensor. Must not renew.
"""

import asyncio
import logging
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from gateway.clock import Clock

log = logging.getLogger(__name__)
CONNECT_S = 5.0
LOOK_S = 3_600.0  # between two looks
AGAIN_S = 60.0  # after a look that saw no certificate
AHEAD = timedelta(days=21)
THIS_MACHINE = "127.0.0.1"


class ServedCertificate(Struct, frozen=True):
    """`names`: host names and IP addresses for which it was made."""

    ends: datetime
    names: tuple[str, ...]


def served_certificate(port: int, authority: Path) -> ServedCertificate:
    """What the broker at `port` shows to whoever trusts the file `authority`.

    Raises OSError, ssl.SSLError for one that such a sensor would refuse.
    """
    context = ssl.create_default_context(cafile=str(authority))
    context.check_hostname = False  # by which name a sensor comes is compared by the caller
    with (
        socket.create_connection((THIS_MACHINE, port), timeout=CONNECT_S) as plain,
        context.wrap_socket(plain) as secured,
    ):
        told = secured.getpeercert() or {}
    ends = ssl.cert_time_to_seconds(str(told["notAfter"]))
    pairs = told.get("subjectAltName", ())
    names = tuple(str(pair[1]) for pair in pairs if isinstance(pair, tuple))
    return ServedCertificate(datetime.fromtimestamp(ends, UTC), names)


class CertificateWatch:
    """Looks every hour; a fault 21 days before the end, and when sensors would refuse it."""

    def __init__(self, port: int, authority: Path, clock: Clock) -> None:
        self._port, self._authority, self._clock = port, authority, clock
        self._ends: datetime | None = None
        self._refused = ""
        self.looked = False  # at least once

    async def run(self) -> None:
        """Look at once and then every hour, until cancelled; only if the broker is ours."""
        while True:
            is_seen = await self._look()
            self.looked = True
            await asyncio.sleep(LOOK_S if is_seen else AGAIN_S)

    def faults(self) -> dict[str, str]:
        """The present fault, for the rules."""
        if self._refused:
            return {"certificate": self._refused}
        if self._ends and self._ends - self._clock() < AHEAD:
            return {"certificate": f"{self._ends:%Y-%m-%d}"}
        return {}

    async def _look(self) -> bool:
        """Whether a certificate was seen that sensors take."""
        if not self._authority.exists():
            return False
        try:
            found = await asyncio.to_thread(served_certificate, self._port, self._authority)
        except ssl.SSLCertVerificationError as error:
            self._refused = error.verify_message
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            log.debug("the broker ended the connection, it may be starting: %s", error)
        except ssl.SSLError as error:  # no sensor comes in either
            self._refused = (error.reason or str(error)).replace("_", " ").lower()
        except OSError as error:
            log.debug("the broker does not answer: %s", error)
        else:
            self._refused, self._ends = "", found.ends
            return True
        return False
