"""/open311/v2: services, published requests, and new ones from programs with a token.

Owns the handlers. Reading is for everybody and gives what is public; writing needs a token with the scope
`reports`, sent in the body as `api_key` or in the header Authorization, never in the address. A request that
is sent twice, word for word, is one report.
"""

from hashlib import blake2b

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.public.open311 import requests, services
from dashboard.public.open311.answers import FORMATS, Fields, answer, refusal
from dashboard.public.report.arriving import Arrived
from dashboard.public.report.published import newest
from dashboard.public.report.taking import ReportTaker
from dashboard.web.responses import Reply
from gateway.config import Config
from gateway.domain.people.api_token import Scope, hash_of
from gateway.domain.reports.report import KINDS, ReportError, ReportWay
from gateway.ingest.reports.admission import Admission, Verdict
from gateway.store import DiskError

ROOT = "/open311"
VERSION = f"{ROOT}/v2"
MAX_FIELDS = 40
PER_TOKEN_H, ALL_H = 300, 2_000  # reports of one program and of all in an hour
CONTACT = ("first_name", "last_name", "phone", "email")


class Open311:
    """Handlers of the standard's addresses."""

    def __init__(self, taker: ReportTaker, reply: Reply, config: Config) -> None:
        self._taker, self._reply, self._config = taker, reply, config
        self._admission = Admission(PER_TOKEN_H, ALL_H, config.reports.work_bits)

    def routes(self) -> list[BaseRoute]:
        """Discovery, services, requests."""
        return [
            Route(f"{ROOT}/discovery.{{form}}", self.discovery, methods=["GET"]),
            Route(f"{VERSION}/services.{{form}}", self.list_services, methods=["GET"]),
            Route(f"{VERSION}/services/{{id}}.{{form}}", self.definition, methods=["GET"]),
            Route(f"{VERSION}/requests.{{form}}", self.list_requests, methods=["GET"]),
            Route(f"{VERSION}/requests.{{form}}", self.send, methods=["POST"]),
            Route(f"{VERSION}/requests/{{id}}.{{form}}", self.one, methods=["GET"]),
        ]

    async def discovery(self, request: Request) -> Response:
        """Where the API is and which forms it has."""
        form, base = self._form(request), self._config.dashboard.public_url.rstrip("/")
        endpoint = {
            "specification": "http://wiki.open311.org/GeoReport_v2",
            "url": f"{base}{VERSION}",
            "changeset": "2026-11-29T00:00:00Z",
            "type": "production",
            "formats": ["text/xml", "application/json"],
        }
        return answer(form, "discovery", {"contact": base, "endpoints": [endpoint]})

    async def list_services(self, request: Request) -> Response:
        """What can be reported."""
        form = self._form(request)
        return answer(form, "services", services.services(self._reply.text(request)))

    async def definition(self, request: Request) -> Response:
        """The attributes of one service."""
        form = self._form(request)
        found = services.definition(request.path_params["id"], self._reply.text(request))
        if found is None:
            return refusal(form, 404, "service_code: there is no such service")
        return answer(form, "service_definition", found)

    async def list_requests(self, request: Request) -> Response:
        """What is published, the newest first."""
        form = self._form(request)
        try:
            wanted = requests.read_filter(request.query_params)
        except requests.FilterError as error:
            return refusal(form, 400, str(error))
        return answer(form, "service_requests", await self._found(request, wanted))

    async def one(self, request: Request) -> Response:
        """One published request."""
        form, id_ = self._form(request), request.path_params["id"]
        found = await self._found(request, requests.RequestFilter(ids=frozenset({id_})))
        if not found:
            return refusal(form, 404, "service_request_id: there is no such request")
        return answer(form, "service_requests", found)

    async def send(self, request: Request) -> Response:
        """A new report from another system."""
        form = self._form(request)
        async with request.form(max_fields=MAX_FIELDS, max_files=0) as sent:
            given = {name: str(value) for name, value in sent.items()}
        token = await self._token(request, given.pop("api_key", ""))
        if not token:
            return refusal(form, 403, "api_key: needs a token with the scope reports, in the body")
        if given.get("service_code") not in {kind.value for kind in KINDS}:
            return refusal(form, 404, "service_code: there is no such service")
        if self._admission.ask(token, self._taker.clock()) is not Verdict.FREE:
            return refusal(form, 429, "too many requests; try again in an hour")
        fields = _fields(given, token)
        try:
            await self._taker.take(Arrived(fields), ReportWay.OPEN311)
        except ReportError as error:
            return refusal(form, 400, f"{error.field}: {error}")
        except DiskError:
            return refusal(form, 503, "cannot be stored now; try again")
        taken = {"service_request_id": fields["id"], "service_notice": None, "account_id": None}
        return answer(form, "service_requests", [taken])

    async def _token(self, request: Request, key: str) -> str:
        """The id of the token that may send; "": none."""
        scheme, _, told = request.headers.get("authorization", "").partition(" ")
        id_ = hash_of(told.strip() if scheme.lower() == "bearer" else key)
        found = await self._taker.store.read(lambda reader: reader.tokens.find(id_))
        may = (
            found is not None and found.opens(self._taker.clock()) and Scope.REPORTS in found.scopes
        )
        return id_ if may else ""

    async def _found(self, request: Request, wanted: requests.RequestFilter) -> list[Fields]:
        zone, words = self._reply.zone, self._reply.text(request)
        public = await newest(self._taker.store, self._taker.clock(), zone)
        return [
            requests.request_of(one, zone, words) for one in requests.chosen(public, wanted, zone)
        ]

    def _form(self, request: Request) -> str:
        """The form that the address ends with. Raises HTTPException 404 where Open311 is off."""
        form: str = request.path_params["form"]
        if not self._config.reports.open311 or form not in FORMATS:
            raise HTTPException(404)
        return form


def _fields(given: dict[str, str], token: str) -> dict[str, str]:
    """The fields of the form; the same request of the same program has the same id."""
    whole = "\0".join(f"{name}={given[name]}" for name in sorted(given))
    contact = " ".join(given[name] for name in CONTACT if given.get(name))
    return {
        "id": blake2b(f"{token}\0{whole}".encode(), digest_size=16).hexdigest(),
        "kind": given["service_code"],
        "species": given.get(services.SENT, ""),
        "lat": given.get("lat", ""),
        "lon": given.get("long", ""),
        "place": given.get("address_string", ""),
        "note": given.get("description", ""),
        "contact": contact,
    }
