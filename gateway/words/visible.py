"""What can be seen of a text, and names from right to left that must not move their neighbours. PURE.

Owns what is taken out of texts that come from outside. Must not shorten or normalise them
(`domain.people.plain_text`).
"""

import re
import unicodedata

# Controls, halves of characters, Unicode's controls of direction, and characters that nobody sees and that
# make two names look alike. The joiners U+200C and U+200D stay: emoji and some scripts are written with them.
# The isolates U+2068 and U+2069 are this module's own.
_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b"
    "\u200e\u200f\u202a-\u202e\u2060-\u2067\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f"
)
ISOLATE, END = "\u2068", "\u2069"  # first strong isolate, pop directional isolate (UAX 9)
UNSEEN = re.compile(f"[{_UNSEEN}]")
INVISIBLE = re.compile(f"[{_UNSEEN}{ISOLATE}{END}]")
LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


def visible(text: str) -> str:
    """The lines of a text without what cannot be seen."""
    return _without(INVISIBLE, text)


def shown(text: str) -> str:
    """The same for a text in which names are isolated already."""
    return _without(UNSEEN, text)


def isolated(text: str) -> str:
    """A name for the middle of a sentence: one that runs from right to left moves nothing beside it."""
    seen = visible(text)
    turns = not seen.isascii() and any(
        unicodedata.bidirectional(one) in RIGHT_TO_LEFT for one in seen
    )
    return f"{ISOLATE}{seen}{END}" if turns else seen


def _without(unseen: re.Pattern[str], text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return unseen.sub("", LINE_ENDS.sub("\n", text))
