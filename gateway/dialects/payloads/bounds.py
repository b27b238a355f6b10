"""What a payload may cost at most: its size, and numbers that take long to read. PURE.

Owns both limits. A JSON number with an exponent near 300 costs the parser 17 µs, 600 times as much as others:
a payload full of them would hold up everybody else for a second. Must not read the payload itself.
"""

import re

from gateway.domain.model import MessageRefusedError, RefusalReason

MAX_BYTES = 131_072  # no sensor needs more; larger payloads are accidents or attacks
MOST_FAR = 20  # numbers with an exponent from 200 on: a broken sensor may send a few
_SHORT_BYTES = 1_024  # has no room for so many that it matters
_FAR = re.compile(rb"\d[eE][+-]?0*[23]\d\d(?=[\s,\]}])")


def bounded(payload: bytes) -> bytes:
    """The payload. Raises MessageRefusedError if it would cost more than any sensor's."""
    if len(payload) <= _SHORT_BYTES:  # the frequent case
        return payload
    if len(payload) > MAX_BYTES:
        raise MessageRefusedError(
            RefusalReason.TOO_LARGE, f"{len(payload)} bytes; at most {MAX_BYTES}"
        )
    if (far := len(_FAR.findall(payload))) > MOST_FAR:
        raise MessageRefusedError(
            RefusalReason.MALFORMED,
            f"1e300 のような数が {far} 個。{MOST_FAR} 個まで / "
            f"{far} numbers such as 1e300; at most {MOST_FAR}",
        )
    return payload
