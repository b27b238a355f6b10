"""The settings of residents' reports, warnings nearby, and Open311. PURE.

Owns names, defaults and limits. Must not send nor store anything.
"""

from typing import Annotated

from msgspec import Meta, Struct

Latitude = Annotated[
    float, Meta(ge=20, le=46, description="degrees of latitude in Japan, 20 to 46")
]
Longitude = Annotated[
    float, Meta(ge=122, le=154, description="degrees of longitude in Japan, 122 to 154")
]


class Reports(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Reports by residents without an account; off unless `enabled`."""

    enabled: bool = False
    phone: str = ""  # the office's number, shown on the form
    map_lat: Latitude = 36.0  # where the form's map begins
    map_lon: Longitude = 138.0
    map_zoom: Annotated[int, Meta(ge=4, le=17)] = 5
    per_source_h: Annotated[int, Meta(ge=1, le=1_000)] = 6  # reports of one address in an hour
    flood_h: Annotated[int, Meta(ge=5, le=10_000)] = 60  # of all; beyond it a phone must calculate
    work_bits: Annotated[int, Meta(ge=8, le=24)] = 16  # how long: 2^16 hashes, about a second
    photos_mb: Annotated[int, Meta(ge=0)] = 300  # room for photos of residents, of `[photos]`
    contact_days: Annotated[int, Meta(ge=1)] = 90  # then a done report forgets its reporter
    open311: bool = False  # reading for everybody, writing with a token
    mail: str = ""  # Apprise URL of the mail server for warnings, without a recipient; empty: none
    warnings_per_h: Annotated[int, Meta(ge=1, le=60)] = 3  # to one address
    mails_per_h: Annotated[int, Meta(ge=1, le=100_000)] = 300  # of all

    def problem(self, public_url: str) -> str:
        """What is wrong among several values; "": nothing. `public_url`: where links of mails lead."""
        if self.mail and not self.mail.startswith(("mailto:", "mailtos:")):
            return 'reports.mail: allowed: "" or an Apprise URL mailto(s)://USER:PASSWORD@SERVER'
        if self.mail and not (self.enabled and public_url):
            return (
                "reports.mail needs reports.enabled = true, and dashboard.public_url for its links"
            )
        if self.open311 and not self.enabled:
            return "reports.open311 = true needs reports.enabled = true"
        return ""
