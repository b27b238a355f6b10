"""Takes reports for the form and for other programs: admitted, stored once, told to open pages.

Owns the order of these steps. Must not know how a report is shown or asked for.
"""

from starlette.requests import Request

from dashboard.public.report.arriving import Arrived
from dashboard.web.entry.guesses import network
from dashboard.web.forwarded import source
from gateway.alerts.policy import Policy
from gateway.clock import Clock
from gateway.config.residents.reports import Reports
from gateway.domain.errors import BadInputError
from gateway.domain.reports.report import Report, ReportWay, check
from gateway.ingest.reports import taking
from gateway.ingest.reports.admission import Admission, Verdict
from gateway.ingest.reports.reading import read, token_hash
from gateway.store import Store, Transaction
from gateway.store.feed import Feed


class NotAdmittedError(BadInputError):
    """The address has sent too much, or the phone must calculate first."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.value)
        self.verdict = verdict


class ReportTaker:
    """Where reports arrive."""

    def __init__(
        self, store: Store, feed: Feed, policy: Policy, settings: Reports, clock: Clock
    ) -> None:
        self.store, self._feed, self._policy, self.clock = store, feed, policy, clock
        self.admission = Admission(settings.per_source_h, settings.flood_h, settings.work_bits)

    async def admit(self, request: Request, fields: dict[str, str]) -> bool:
        """Whether a report that may be taken is new. Raises ReportError or NotAdmittedError.

        One that is stored already is admitted again without being counted: its answer was lost.
        """
        report, now = self._read(fields), self.clock()
        check(report, now)
        token_hash(fields.get("token", ""))
        if await self.store.read(lambda reader: reader.reports.find(report.id)):
            return False
        verdict = self.admission.ask(network(source(request)), now, fields.get("proof", ""))
        if verdict is not Verdict.FREE:
            raise NotAdmittedError(verdict)
        return True

    async def take(self, arrived: Arrived, way: ReportWay = ReportWay.FORM) -> bool:
        """Store a report; whether it was new. Raises ReportError or DiskError.

        Without a `token` among the fields its reporter has no link.
        """
        now, token = self.clock(), arrived.fields.get("token")
        hashed = "" if token is None else token_hash(token)
        report = self._read(arrived.fields, way, arrived.photos)

        def work(tx: Transaction) -> taking.Taken:
            return taking.take(tx, report, hashed, self._policy, now)

        taken = await self.store.write(work)
        self._feed.tell(taken.outcome)
        return taken.is_new

    def _read(
        self,
        fields: dict[str, str],
        way: ReportWay = ReportWay.FORM,
        photos: tuple[str, ...] = (),
    ) -> Report:
        return read(fields, self._policy.zone, self.clock(), way, photos)
