"""What a session and its connections share: types, and the reasons why a connection fails.

Owns `Delivery`, the interface of one connection (`Link`), and which failure is retried how. Must not
open a socket.
"""

import logging
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from msgspec import Struct

from gateway.config import Mqtt
from gateway.domain.errors import UnreachableError
from gateway.domain.model import Message

log = logging.getLogger(__name__)

CONNECT_S = 10.0  # TCP and TLS
ANSWER_S = 5.0  # from CONNECT to the broker's answer
GOODBYE_S = 2.0  # for an orderly disconnect
FAILED = 128  # reason codes from here on are refusals
ONLINE, OFFLINE = b"online", b"offline"


class Delivery(Struct, frozen=True):
    """A message with the data to acknowledge it."""

    message: Message
    packet_id: int  # 0 for QoS 0: nothing to acknowledge
    generation: int  # number of the connection that it came from


class Terms(Struct, frozen=True):
    """What this gateway uses with every broker: client id, subscriptions, status topic of its last will."""

    settings: Mqtt
    client_id: str
    status_topic: str
    subscriptions: tuple[tuple[str, int], ...]  # topic filter, QoS (0 or 1)


class Wire(Struct, frozen=True):
    """Where a connection delivers messages, and the clock for their time of receipt."""

    generation: int
    deliver: Callable[[list[Delivery]], None]  # an empty list: the broker is alive
    clock: Callable[[], datetime]  # read once per chunk, not per message


class Link(Protocol):
    """One connection, from CONNECT to its end; never used again."""

    async def open(self) -> bool:
        """Connect and subscribe; True if the broker kept our session. Raises ConnectionFailedError."""

    async def lasting(self) -> None:
        """Wait for the end of the connection. Raises the ConnectionFailedError that ended it."""

    def ack(self, packet_ids: Sequence[int]) -> None:
        """Acknowledge in this order."""

    async def publish(self, topic: str, payload: bytes, qos: int, *, retain: bool) -> None:
        """Publish; QoS 1 waits for the answer. Raises ConnectionError (lost) or PermissionError."""

    def pause(self, *, paused: bool) -> None:
        """Stop or continue reading; the connection is kept alive meanwhile."""

    async def close(self) -> None:
        """Disconnect and close the socket; does nothing if the connection has ended."""


class Retry(Enum):
    """What may help against a failure."""

    SOON = auto()
    SLOWLY = auto()  # a person must change something first
    OTHER_VERSION = auto()  # the broker may speak another version of MQTT


class Cause(Enum):
    """What ended a connection, as a sign of another program with our client id."""

    TAKEN_OVER = auto()  # the broker gave this reason
    HUNG_UP = auto()  # the broker closed the connection and gave no reason
    OTHER = auto()


class ConnectionFailedError(UnreachableError):
    """Why a connection failed; the text is for the person who must correct it."""

    def __init__(self, text: str, retry: Retry = Retry.SOON, cause: Cause = Cause.OTHER) -> None:
        super().__init__(text)
        self.retry, self.cause = retry, cause


TAKEN_OVER_CODE = 142
_TAKEN_OVER = (
    "hung up: session taken over by another program with the same mqtt.client_id"
    "(同じ client_id が別の場所で使われています)"
)
_CREDENTIALS = (
    "refuses the user name or password; check mqtt.username and mqtt.password"
    "(ユーザー名かパスワードが違います)"
)
# Reason codes of MQTT 5; the five codes of 3.1.1 are mapped to the first five.
_REASONS: dict[int, tuple[Retry, str]] = {
    132: (Retry.OTHER_VERSION, "does not speak this version of MQTT; set mqtt.protocol"),
    133: (Retry.SLOWLY, "does not accept the client id; set mqtt.client_id"),
    134: (Retry.SLOWLY, _CREDENTIALS),
    135: (Retry.SLOWLY, _CREDENTIALS),
    136: (Retry.SOON, "is not available yet"),
    137: (Retry.SOON, "is busy"),
    138: (Retry.SLOWLY, "has banned this client"),
    139: (Retry.SOON, "is shutting down"),
    140: (Retry.SLOWLY, "wants another way to log in than user name and password"),
    TAKEN_OVER_CODE: (Retry.SLOWLY, _TAKEN_OVER),
    149: (Retry.SLOWLY, "finds our packets too large"),
    151: (Retry.SLOWLY, "says that our quota is used up"),
}


def refusal(settings: Mqtt, code: int, name: str = "") -> ConnectionFailedError:
    """The error for reason code `code` of a CONNACK or DISCONNECT."""
    retry, text = _REASONS.get(code, (Retry.SOON, f"ended the connection: {name or code}"))
    cause = Cause.TAKEN_OVER if code == TAKEN_OVER_CODE else Cause.OTHER
    return ConnectionFailedError(f"broker {settings.host}:{settings.port} {text}", retry, cause)


def not_taken(topic: str, why: str) -> PermissionError:
    """The error for a message that the broker refused."""
    return PermissionError(f"the broker does not take {topic}: {why}")


def log_refused(terms: Terms, refused: Iterable[str]) -> None:
    """Log each subscription that the broker refused: its reason, or "" where it was granted."""
    for (topics, _), reason in zip(terms.subscriptions, refused, strict=False):
        if reason:
            log.warning("the broker does not let us read %s: %s", topics, reason)


def no_answer(settings: Mqtt) -> ConnectionFailedError:
    """The broker did not answer CONNECT: older brokers do so with MQTT 5."""
    return ConnectionFailedError(
        f"broker {settings.host}:{settings.port} gives no answer to CONNECT",
        Retry.OTHER_VERSION,
    )


def connection_broken(settings: Mqtt, why: object) -> ConnectionFailedError:
    """The connection broke; `why` if known.

    Without a reason, or with a reset, the broker closed it: mosquitto does so when it stops, and when
    another program takes over our session.
    """
    is_closed = not why or isinstance(why, ConnectionError)
    detail = f"{why}" if why else "it stopped"
    more = ", or session taken over by another program with our mqtt.client_id" if is_closed else ""
    cause = Cause.HUNG_UP if is_closed else Cause.OTHER
    return ConnectionFailedError(
        f"broker {settings.host}:{settings.port} hung up: {detail}{more}", cause=cause
    )


def invalid_packet(settings: Mqtt, what: str, *, answered: bool) -> ConnectionFailedError:
    """The broker sent an invalid packet; as an answer to CONNECT it may be another version of MQTT."""
    retry = Retry.SOON if answered else Retry.OTHER_VERSION
    return ConnectionFailedError(f"broker {settings.host}:{settings.port} sent {what}", retry)


def unreachable(settings: Mqtt, error: OSError) -> ConnectionFailedError:
    """The error for a connection that the operating system could not open."""
    where = f"{settings.host}:{settings.port}"
    match error:
        case ssl.SSLCertVerificationError():
            text = f"the certificate of {where} is not trusted ({error.verify_message})"
            return ConnectionFailedError(f"{text}; check mqtt.ca_file and the clock", Retry.SLOWLY)
        case ssl.SSLError():
            return ConnectionFailedError(
                f"no TLS with {where} ({error}); check mqtt.tls and mqtt.port"
            )
        case socket.gaierror():
            return ConnectionFailedError(
                f"the host name {settings.host!r} is not known; check mqtt.host"
            )
        case ConnectionRefusedError():
            return ConnectionFailedError(f"no broker listens at {where}")
        case TimeoutError():
            return ConnectionFailedError(f"no answer from {where}")
    return ConnectionFailedError(f"no connection to {where}: {error}")


def tls_context(settings: Mqtt) -> ssl.SSLContext | None:
    """TLS as configured, None without. Raises ConnectionFailedError for a file that cannot be used."""
    if not settings.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
        if settings.cert_file:
            context.load_cert_chain(settings.cert_file, settings.key_file or None)
    except OSError as error:
        files = ", ".join(filter(None, (settings.ca_file, settings.cert_file, settings.key_file)))
        raise ConnectionFailedError(
            f"cannot use the TLS files {files}: {error}", Retry.SLOWLY
        ) from None
    return context


class Publish(Protocol):
    """Publishes to the gateway's own broker (`mqtt.Session.publish`)."""

    async def __call__(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> None:
        """Returns after the broker's acknowledgement. Raises TimeoutError or ConnectionError."""
