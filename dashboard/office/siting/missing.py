"""What a plan does not know: land and measurements that nobody has given. PURE.

Owns which inputs are named when they are missing. Must not hold words: `sites.missing_<key>`.
"""

from dashboard.analysis.siting.interval import Catch
from dashboard.analysis.siting.space_use import SpaceUse
from dashboard.office.siting.form import SitingForm
from gateway.config.office import Office


def missing(office: Office, form: SitingForm, space_use: SpaceUse, catch: Catch) -> list[str]:
    """The keys of the missing inputs, the gravest first."""
    wanting = {
        "protected": not office.protected,
        "refused": not office.refused,
        "roads": not office.roads,
        "start": form.start is None,
        "catch": catch.measured == 0,
        "home_range": not space_use.source,
    }
    return [key for key, is_missing in wanting.items() if is_missing]
