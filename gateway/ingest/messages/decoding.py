"""The configured sources: which topics to subscribe to, and which dialect reads each message.

Owns the check that every named dialect exists. Must not know what a payload means.
"""

from collections.abc import Mapping, Sequence

from gateway.config import ConfigError, SourceSettings
from gateway.dialects import Context
from gateway.dialects.sensors.declared import Declared
from gateway.dialects.sensors.models import ModelRow, with_own
from gateway.dialects.table import BY_NAME, Claims
from gateway.domain.model import Device, DeviceState, Message, MessageRefusedError, Reading


class Sources:
    """Decoding for one gateway. Raises ConfigError when a source names an unknown dialect."""

    def __init__(
        self,
        sources: Sequence[SourceSettings],
        site: str,
        models: Mapping[str, ModelRow] | None = None,
    ) -> None:
        """`models`: the operator's sensor models, which go before the shipped ones."""
        for source in sources:
            if source.dialect not in BY_NAME:
                allowed = ", ".join(BY_NAME)
                raise ConfigError(
                    f"sources.dialect = {source.dialect!r}: unknown; allowed: {allowed}"
                )
        self._sources = sources
        self.models = with_own(models or {})
        self._claims = Claims((source.dialect, source.topics) for source in sources)
        self._declared = Declared()
        self._context = Context(site=site, models=self.models, declared=self._declared)

    def use_models(self, models: Mapping[str, ModelRow]) -> None:
        """Use other sensor models of the operator from now on. Raises UnknownMeaningError."""
        self.models = with_own(models)
        self._context = Context(
            site=self._context.site, models=self.models, declared=self._declared
        )

    @property
    def subscriptions(self) -> list[tuple[str, int]]:
        """Topic filters with the QoS to ask for, once each."""
        wanted = {
            topic: source.qos
            for source in self._sources
            for topic in source.topics or BY_NAME[source.dialect].topics
        }
        return list(wanted.items())

    def dialect(self, topic: str) -> str:
        """The dialect that reads a topic; empty when no source claims it."""
        try:
            return self._claims.claim(topic).name
        except MessageRefusedError:
            return ""

    def resends(self, device: Device, state: DeviceState | None) -> bool:
        """Whether a device keeps each message until the gateway has confirmed it."""
        topic = state.heard[0] if state and state.heard else ""
        dialect = BY_NAME.get(device.dialect or self.dialect(topic))
        return dialect is not None and dialect.resends

    def decode(self, message: Message, devices: Mapping[str, Device]) -> list[Reading]:
        """The readings of a message. Raises MessageRefusedError when it has none."""
        if self._context.devices is not devices:
            self._context = Context(
                devices, self._context.site, self.models, declared=self._declared
            )
        readings = self._claims.claim(message.topic).decode(message, self._context)
        if message.topic.endswith("/config"):
            self._declared.learn(message)
        return readings
