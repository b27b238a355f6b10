"""The page of proposed trap sites: the form, the proposals with reasons, files, the loss of a moved site.

Owns the handlers. The choice of sites: `planning`; the map: `site_map`; the files: `paper`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.documents import spreadsheet
from dashboard.maps.base_layers import Ground
from dashboard.maps.pack.archive import MapPack
from dashboard.office import filters
from dashboard.office.filters import ALL, MapFilter
from dashboard.office.land_files import OfficeLand
from dashboard.office.map import drawing
from dashboard.office.siting import kept_record, paper, planning, proposals, site_map
from dashboard.office.siting.form import LIMITS
from dashboard.office.siting.missing import missing
from dashboard.office.siting.paper import FieldList
from dashboard.office.siting.planning import SitingQuery
from dashboard.office.siting.proposals import Proposals
from dashboard.office.siting.reasons import sentence
from dashboard.web.downloads import file_answer
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.config import Config
from gateway.domain import species
from gateway.domain.people.permissions import Access, Resource
from gateway.store.reading import Reads
from gateway.words.catalogue import Translations


class SitingPages:
    """Handlers of the proposed sites."""

    def __init__(
        self, store: Reads, reply: Reply, config: Config, clock: Clock, land: OfficeLand
    ) -> None:
        self._store, self._reply, self._config, self._clock = store, reply, config, clock
        self._land = land

    def routes(self) -> list[BaseRoute]:
        """The routes of these pages."""
        return [
            Route("/officials/sites", self.show),
            Route("/officials/sites/move", self.judge_move),
            Route("/officials/sites.gpx", self.send_gpx),
            Route("/officials/sites.csv", self.send_csv),
            Route("/officials/sites.pdf", self.send_pdf),
        ]

    async def show(self, request: Request) -> Response:
        """The proposals on a map and as a list."""
        words, now, access = self._reply.text(request), self._clock(), request.state.access
        query, plan, why_none = await self._planned(request)
        reasons = sentences(plan, query.map_filter, words)
        limits = drawing.map_limits([query.map_input], self._config.dashboard.centre)
        settings = self._config.dashboard
        ground = Ground(tiles=settings.tiles != "none", pack=MapPack(settings.map_pack).address)
        drawn = await asyncio.to_thread(
            site_map.draw,
            query.map_input,
            plan,
            reasons,
            self._land.protected,
            limits,
            words,
            ground=ground,
        )
        return self._reply.page(
            request,
            "officials_sites.html",
            now,
            account=request.state.account,
            drawn=drawn,
            why=why_none,
            reasons=reasons,
            query=request.url.query,
            may_keep=isinstance(access, Access) and access.may_act(Resource.OFFICE),
            script=drawing.script_values(words, drawn),
            **self._of_form(query),
            **self._of_plan(query, plan, words, now),
        )

    def _of_form(self, query: SitingQuery) -> dict[str, Any]:
        """What the template says of the form."""
        return {
            "form": query.form,
            "limits": LIMITS,
            "map_filter": query.map_filter,
            "choices": query.choices,
            "lengths": filters.PERIOD_MONTHS,
            "months": query.choices.months,
            "has_roads": self._land.roads is not None,
            "space_use": query.space_use,
            "off_map": planning.off_map(query.map_input),
        }

    def _of_plan(
        self, query: SitingQuery, plan: Proposals | None, words: Translations, now: datetime
    ) -> dict[str, Any]:
        """What the template says of the plan."""
        return {
            "plan": plan,
            "expected": expected_text(plan, words) if plan and plan.sites else "",
            "missing": self._missing(query, plan),
            "mark": _plan_id(plan),
            "record": kept_record.record(plan, query, now) if plan else "",
            "unsure_legend": site_map.unsure_legend(words),
            **drawing.legends(words),
        }

    async def judge_move(self, request: Request) -> Response:
        """The loss of moving ``site`` to ``lat``, ``lon`` as JSON; 409 if the data have changed."""
        site, lat, lon = _read_move(request.query_params)
        _, plan, _ = await self._planned(request)
        if plan is None or _plan_id(plan) != request.query_params.get("mark"):
            return _json({"error": "the data changed; load the page again"}, 409)
        try:
            move = await asyncio.to_thread(proposals.moved, plan, site, lat, lon)
        except IndexError as error:
            return _json({"error": str(error)}, 400)
        return _json(move)

    async def send_gpx(self, request: Request) -> Response:
        """The sites for a GPS receiver or a map application."""
        found = await self._field_list(request)
        return file_answer(paper.as_gpx(found), "application/gpx+xml", self._name("gpx"))

    async def send_csv(self, request: Request) -> Response:
        """The sites as a table."""
        found, words = await self._field_list(request), self._reply.text(request)
        body = spreadsheet.csv_bytes(paper.table(found, words))
        return file_answer(body, "text/csv", self._name("csv"))

    async def send_pdf(self, request: Request) -> Response:
        """The sites on A4, with a map and QR codes."""
        found, words = await self._field_list(request), self._reply.text(request)
        made = words("office.made", at=f"{self._local():%Y/%m/%d %H:%M}")
        body = await asyncio.to_thread(paper.as_pdf, found, words, made)
        return file_answer(body, "application/pdf", self._name("pdf"))

    async def _planned(self, request: Request) -> tuple[SitingQuery, Proposals | None, str]:
        """The query, the plan, and the key of the text that says why there is none."""
        zone, now = self._reply.zone, self._clock()
        query = await self._store.read(
            lambda reader: planning.read(reader, request.query_params, zone, now)
        )
        limits = drawing.map_limits([query.map_input], self._config.dashboard.centre)
        found = await asyncio.to_thread(planning.plan, query, self._land, limits)
        return (query, None, found) if isinstance(found, str) else (query, found, "")

    async def _field_list(self, request: Request) -> FieldList:
        words = self._reply.text(request)
        query, plan, why_none = await self._planned(request)
        if plan is None or not plan.sites:
            raise HTTPException(404, words(why_none or "sites.nowhere"))
        limits = drawing.map_limits([query.map_input], self._config.dashboard.centre)
        animal = animal_name(query.map_filter, words)
        return FieldList(
            plan=plan,
            sentences=sentences(plan, query.map_filter, words),
            title=f"{self._config.site.title} {words('sites.title')} {animal}".strip(),
            expected=expected_text(plan, words),
            missing=[words(f"sites.missing_{key}") for key in self._missing(query, plan)],
            land=drawing.land_and_shore(limits),
            traps=planning.standing(query.map_input),
        )

    def _missing(self, query: SitingQuery, plan: Proposals | None) -> list[str]:
        if plan is None:
            return []
        return missing(self._config.office, query.form, query.space_use, plan.request.catch)

    def _local(self) -> Any:
        return self._clock().astimezone(self._reply.zone)

    def _name(self, kind: str) -> str:
        return f"trap-sites-{self._local():%Y%m%d}.{kind}"


def expected_text(plan: Proposals, words: Translations) -> str:
    """What the plan takes, per trap-night and as a whole, in one sentence."""
    total, nights = plan.expected, plan.request.nights
    return words(
        "sites.expected",
        n=len(plan.sites),
        nights=nights,
        taken=f"{total.mean:.1f}",
        low=f"{total.low:.0f}",
        high=f"{total.high:.0f}",
        per100=f"{100 * total.mean / (nights * len(plan.sites)):.2f}",
    )


def sentences(plan: Proposals | None, chosen: MapFilter, words: Translations) -> Sequence[str]:
    """Why each site of the plan is proposed, and what it is expected to take."""
    animal = animal_name(chosen, words)
    return [
        sentence(site.reason, animal, words)
        + words(
            "sites.site_taken",
            taken=f"{site.expected.mean:.2f}",
            low=f"{site.expected.low:.0f}",
            high=f"{site.expected.high:.0f}",
        )
        for site in (plan.sites if plan else ())
    ]


def animal_name(chosen: MapFilter, words: Translations) -> str:
    """The species of the plan in the reader's language."""
    if chosen.species == ALL:
        return words("sites.any_animal")
    return species.label(chosen.species, words.language)


def _read_move(query: Mapping[str, str]) -> tuple[int, float, float]:
    try:
        site, lat, lon = int(query["site"]), float(query["lat"]), float(query["lon"])
    except (KeyError, ValueError):
        raise HTTPException(400, "site, lat and lon must be numbers") from None
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        raise HTTPException(400, "lat and lon must be degrees")
    return site, lat, lon


def _plan_id(plan: Proposals | None) -> str:
    """Identifies a plan: a digest of its sites."""
    places = [] if plan is None else [(site.lat, site.lon) for site in plan.sites]
    return blake2b(msgspec.json.encode(places), digest_size=8).hexdigest()


def _json(value: Any, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    body = msgspec.json.encode(value)
    return Response(body, status, media_type="application/json", headers=headers)
