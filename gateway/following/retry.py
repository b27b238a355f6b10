"""How long to wait before the next attempt. Must not wait itself."""

FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 300.0
RETRY_HALTED_S = 30.0  # between attempts while a person must correct something


def wait_s(failures: int, retry_after_s: float | None, jitter: float) -> float:
    """Seconds until the next attempt after `failures` in a row; `jitter` in [0, 1)."""
    whole = min(FIRST_RETRY_S * float(1 << min(failures - 1, 16)), LONGEST_RETRY_S)
    return max(whole * (0.5 + 0.5 * jitter), min(retry_after_s or 0.0, LONGEST_RETRY_S))


def halted_s(jitter: float) -> float:
    """Seconds until the next attempt while a person must correct something."""
    return RETRY_HALTED_S * (0.8 + 0.4 * jitter)
