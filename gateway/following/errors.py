"""Why nothing more can be sent now. Owns these two errors."""

from gateway.domain.errors import BadConfigurationError, UnreachableError


class ForwardingHaltedError(BadConfigurationError):
    """A person must correct something: wrong token, no such database, a certificate that was revoked."""


class RetryLaterError(UnreachableError):
    """The server accepts nothing now; `retry_after_s` is the wait it asked for, in seconds."""

    def __init__(self, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
