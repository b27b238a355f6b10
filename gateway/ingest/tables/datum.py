"""Words by which a table says that its places are of the old Japanese datum. PURE.

Owns the words. The offset of the datum: `domain.geo.doubtful_places`.
"""

import re
import unicodedata

_OLD = re.compile(
    r"日本測地系(?!2000|2011)|旧測地系|旧日本測地系|東京測地系|tokyo\s*(?:datum|97)", re.IGNORECASE
)


def is_old(text: str) -> bool:
    """Whether a header or title says so."""
    return _OLD.search(unicodedata.normalize("NFKC", text)) is not None
