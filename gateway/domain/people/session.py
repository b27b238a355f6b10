"""Sessions of browsers and sign-in links, as values. PURE.

Owns how long each lasts and how a browser is named. Must not hold a token: only the hash of one is kept.
"""

from datetime import datetime, timedelta
from hashlib import sha256

from msgspec import Struct

IDLE = timedelta(days=90)  # a session that is not used ends
LONGEST = timedelta(days=365)  # and any session after this
LINK_DAYS, MOST_LINK_DAYS = 7, 90  # how long a sign-in link lasts where nobody says, and at most
MOST_EACH = 20  # sessions of one person; a new one ends the oldest

SYSTEMS = (
    ("iphone", "iPhone"),
    ("ipad", "iPad"),
    ("android", "Android"),
    ("windows", "Windows"),
    ("cros", "ChromeOS"),
    ("mac os", "Mac"),
    ("linux", "Linux"),
)
PROGRAMS = (
    ("line/", "LINE"),
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("samsungbrowser", "Samsung Internet"),
    ("firefox", "Firefox"),
    ("fxios", "Firefox"),
    ("crios", "Chrome"),
    ("chrome", "Chrome"),
    ("safari", "Safari"),
)  # the first that fits: most browsers also name those after theirs


class Session(Struct, frozen=True):
    """One browser in which somebody is logged in."""

    id: str  # hash of its token
    person: str
    created: datetime
    seen: datetime  # at most some minutes old
    browser: str  # in words, "" when it does not say
    mark: str  # of the password that the person had: another one ends the session

    def is_over(self, now: datetime) -> bool:
        """Whether it has ended by itself."""
        return now - self.seen > IDLE or now - self.created > LONGEST


class SignInLink(Struct, frozen=True):
    """A link that logs one person in, once."""

    id: str  # hash of its token
    person: str
    created: datetime
    until: datetime
    used: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        """Whether it still logs in."""
        return self.used is None and now <= self.until


def token_id(token: str) -> str:
    """What is kept of a token: who reads the database cannot log in by it."""
    return sha256(token.encode(errors="replace")).hexdigest()


def browser_label(user_agent: str) -> str:
    """A browser in words that its owner recognises, e.g. "iPhone, Safari"."""
    said = user_agent.lower()
    found = (
        next((name for sign, name in table if sign in said), "") for table in (SYSTEMS, PROGRAMS)
    )
    return ", ".join(part for part in found if part)
