"""What a session and its connections have in common: the words, and why a connection fails.

Owns `Delivery`, the contract of one connection (`Link`), and the judgement of every failure.
Must not open a socket.
"""

import socket
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from msgspec import Struct

from gateway.config import Mqtt
from gateway.domain.errors import UnreachableError
from gateway.domain.model import Message

CONNECT_S = 10.0  # TCP and TLS
ANSWER_S = 5.0  # from CONNECT to the broker's answer
GOODBYE_S = 2.0  # for the last words of an orderly end
ONLINE, OFFLINE = b"online", b"offline"


class Delivery(Struct, frozen=True):
    """A message and what it takes to acknowledge it."""

    message: Message
    packet_id: int  # 0 for QoS 0: nothing to acknowledge
    generation: int  # number of the connection it came by


class Terms(Struct, frozen=True):
    """What this gateway tells every broker: who it is, what it wants, what stands when it dies."""

    settings: Mqtt
    client_id: str
    status_topic: str
    subscriptions: tuple[tuple[str, int], ...]  # topic filter, QoS (0 or 1)


class Wire(Struct, frozen=True):
    """Where a connection puts what it reads, and how it stamps it."""

    generation: int
    deliver: Callable[[list[Delivery]], None]  # an empty list is a sign of life
    clock: Callable[[], datetime]  # read once per chunk, not per message


class Link(Protocol):
    """One connection, from CONNECT to its end; never used again."""

    async def open(self) -> bool:
        """Connect and ask for the subscriptions; True if the broker remembers us. Else Trouble."""

    async def lasting(self) -> None:
        """Wait for the end of the connection; raises the Trouble that ended it."""

    def ack(self, packet_ids: Sequence[int]) -> None:
        """Acknowledge, in this order."""

    async def publish(self, topic: str, payload: bytes, qos: int, *, retain: bool) -> None:
        """Send; QoS 1 waits for the answer. ConnectionError: lost, PermissionError: refused."""

    def pause(self, *, paused: bool) -> None:
        """Stop or go on reading; the connection is kept alive meanwhile."""

    async def close(self) -> None:
        """Say goodbye and release the socket; harmless if it has ended already."""


class Retry(Enum):
    """What may help against a Trouble."""

    SOON = auto()
    SLOWLY = auto()  # somebody has to change something first
    OTHER_VERSION = auto()  # perhaps the broker speaks another version of MQTT


class Cause(Enum):
    """What ended a connection, as far as it tells whether another program has our client id."""

    TAKEN_OVER = auto()  # the broker says so
    HUNG_UP = auto()  # the broker closed the connection and gave no reason
    OTHER = auto()


class ConnectionFailedError(UnreachableError):
    """Why a connection failed, in words for the person who has to mend it."""

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
# Reason codes of MQTT 5; the five codes of 3.1.1 map onto the first five.
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
    """What reason code `code` of a CONNACK or DISCONNECT means for us."""
    retry, text = _REASONS.get(code, (Retry.SOON, f"ended the connection: {name or code}"))
    cause = Cause.TAKEN_OVER if code == TAKEN_OVER_CODE else Cause.OTHER
    return ConnectionFailedError(f"broker {settings.host}:{settings.port} {text}", retry, cause)


def silence(settings: Mqtt) -> ConnectionFailedError:
    """The broker closed or said nothing after CONNECT: older brokers meet MQTT 5 in this way."""
    return ConnectionFailedError(
        f"broker {settings.host}:{settings.port} gives no answer to CONNECT",
        Retry.OTHER_VERSION,
    )


def hung_up(settings: Mqtt, why: object) -> ConnectionFailedError:
    """The connection broke; `why` as far as known.

    Without a reason, or with a reset, it was the broker that closed it: mosquitto does so when it
    stops, and also when another program takes our session.
    """
    is_closed = not why or isinstance(why, ConnectionError)
    detail = f"{why}" if why else "it stopped"
    more = ", or session taken over by another program with our mqtt.client_id" if is_closed else ""
    cause = Cause.HUNG_UP if is_closed else Cause.OTHER
    return ConnectionFailedError(
        f"broker {settings.host}:{settings.port} hung up: {detail}{more}", cause=cause
    )


def nonsense(settings: Mqtt, what: str, *, answered: bool) -> ConnectionFailedError:
    """The broker sent what MQTT does not know; as an answer to CONNECT it may be another version."""
    retry = Retry.SOON if answered else Retry.OTHER_VERSION
    return ConnectionFailedError(f"broker {settings.host}:{settings.port} sent {what}", retry)


def unreachable(settings: Mqtt, error: OSError) -> ConnectionFailedError:
    """Why no connection came about, from the operating system's error."""
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
    """TLS as configured, None without; Trouble if a certificate or key file cannot be used."""
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
    """How a channel reaches the gateway's own broker (`mqtt.Session.publish`)."""

    async def __call__(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> None:
        """Returns when the broker has taken it; TimeoutError or ConnectionError when not."""
