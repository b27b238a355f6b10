"""Words in a table which say that its coordinates use the old Japanese datum. PURE.

Owns these words. The offset of the datum: `domain.geo.doubtful_places`.
"""

import re
import unicodedata

_OLD = re.compile(
    r"日本測地系(?!2000|2011)|旧測地系|旧日本測地系|東京測地系|tokyo\s*(?:datum|97)", re.IGNORECASE
)


def is_old(text: str) -> bool:
    """Whether a header or title names the old datum."""
    return _OLD.search(unicodedata.normalize("NFKC", text)) is not None
