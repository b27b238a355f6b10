"""Every page of residents' reports: the form, its worker, the answer, what is published, the office's.

Owns their construction. Must not hold page logic.
"""

from starlette.routing import BaseRoute

from dashboard.office.reports.pages import ReportPages
from dashboard.office.reports.photos import ReportPhotos
from dashboard.public.open311.handlers import Open311
from dashboard.public.report.answer import ReportAnswer
from dashboard.public.report.form import ReportForm
from dashboard.public.report.published import PublishedReports
from dashboard.public.report.taking import ReportTaker
from dashboard.public.report.worker import ReportWorker
from dashboard.public.warnings.pages import WarningPages
from dashboard.web.responses import Reply
from gateway.alerts.policy import Policy
from gateway.clock import Clock
from gateway.config import Config
from gateway.ingest.photos.keeping import PhotoKeeper
from gateway.store import Store
from gateway.store.feed import Feed


def resident_routes(
    store: Store, feed: Feed, policy: Policy, config: Config, clock: Clock, keeper: PhotoKeeper
) -> list[BaseRoute]:
    """The routes; where reports are off, each answers that there is no such page."""
    reply, enabled = Reply(config), config.reports.enabled
    taker = ReportTaker(store, feed, policy, config.reports, clock)
    return [
        *ReportForm(taker, reply, config, keeper).routes(),
        *ReportWorker(config.reports).routes(),
        *ReportAnswer(store, reply, clock, enabled=enabled).routes(),
        *ReportPages(store, feed, reply, policy, clock).routes(),
        *ReportPhotos(store, reply, keeper.files).routes(),
        *WarningPages(store, reply, config, clock).routes(),
        *Open311(taker, reply, config).routes(),
        *PublishedReports(store, reply, clock, enabled=enabled).routes(),
    ]
