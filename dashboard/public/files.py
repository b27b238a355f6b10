"""The open data as files at addresses that stay, and what programs read about them.

Owns the handlers. What is published: `open_data`; columns and names: `edition`; the forms of what is said
about it: `metadata`. Where the public map is open, pages of other sites may read the files too (CORS).
"""

from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.documents import spreadsheet
from dashboard.office import choices as choices_module
from dashboard.office.filters import read
from dashboard.office.map import overview
from dashboard.office.periods import LocalDays, month_of, months_ending
from dashboard.public import edition, metadata, open_data
from dashboard.public.edition import Edition, Wanted
from dashboard.public.open_data import PublicSquare
from gateway.clock import Clock
from gateway.config import Config
from gateway.domain import species as kinds
from gateway.domain.geo import mesh
from gateway.store import Reader
from gateway.store.reading import Reads

MEDIA = {"csv": "text/csv; charset=utf-8", "geojson": metadata.GEO_JSON}
METADATA = "application/json"
OLDEST_MONTHS = 120
EDITIONS = 12  # of each species in the catalogue


class Published(Struct, frozen=True):
    """An edition with its squares."""

    about: Edition
    squares: list[PublicSquare]


class OpenDataFiles:
    """Handlers of the files. `zone`: that of the site."""

    def __init__(self, store: Reads, config: Config, clock: Clock) -> None:
        self._store, self._config, self._clock = store, config, clock
        self._zone = ZoneInfo(config.site.timezone)

    def routes(self) -> list[BaseRoute]:
        """Their routes."""
        return [
            Route("/public/squares.geojson", self.send_newest),
            Route("/public/squares.csv", self.send_newest),
            Route("/public/squares/{name}", self.send),
            Route("/public/catalog.jsonld", self.send_catalogue),
        ]

    async def send_newest(self, request: Request) -> Response:
        """The newest edition of a species; ``?species=``."""
        asked = request.query_params.get("species", "")[:64]
        kind = request.url.path.rpartition(".")[2]
        found = await self._store.read(lambda reader: self.newest(reader, asked))
        return self._answer(found, kind)

    async def send(self, request: Request) -> Response:
        """A file of an edition, such as ``boar-2026-10.csv``; 404 before it is published."""
        wanted = edition.wanted(request.path_params["name"])
        if wanted is None:
            raise HTTPException(404)
        found = await self._store.read(lambda reader: self._found(reader, wanted))
        if found is None:
            raise HTTPException(404)
        return self._answer(found, wanted.kind)

    async def send_catalogue(self, request: Request) -> Response:
        """All editions that are published, as DCAT."""
        editions = await self._store.read(self._editions)
        site = self._config.site
        base = self._config.dashboard.public_url.rstrip("/") or str(request.base_url).rstrip("/")
        title = site.title or site.name
        publisher = self._config.public.publisher or title
        body = msgspec.json.encode(metadata.dcat(base, title, publisher, editions))
        return Response(body, media_type="application/ld+json", headers=self._headers())

    def newest(self, reader: Reader, asked: str) -> Published:
        """The newest edition of a species, or of the usual one."""
        choices = choices_module.choices(reader, self._zone, self._clock())
        species = open_data.public_species(asked, choices.species)
        return self._read(reader, species, self._newest_span())

    def _newest_span(self) -> LocalDays:
        today = self._clock().astimezone(self._zone).date()
        return open_data.period(today, self._config.public)

    def _found(self, reader: Reader, wanted: Wanted) -> Published | None:
        newest = month_of(self._newest_span().last)
        if not 0 <= newest.less(wanted.last) < OLDEST_MONTHS:
            return None
        if wanted.species not in self._species(reader):
            return None
        return self._read(reader, wanted.species, months_ending(wanted.last, open_data.MONTHS))

    def _species(self, reader: Reader) -> list[str]:
        choices = choices_module.choices(reader, self._zone, self._clock())
        known = open_data.public_choices(choices.species)
        return list(dict.fromkeys([*known, open_data.FALLBACK_SPECIES]))

    def _editions(self, reader: Reader) -> list[Edition]:
        last = month_of(self._newest_span().last)
        return [
            self._about(species, months_ending(last.plus(-back), open_data.MONTHS))
            for species in self._species(reader)
            for back in range(EDITIONS)
        ]

    def _about(self, species: str, span: LocalDays) -> Edition:
        scientific = next((row.scientific for row in kinds.TABLE if row.code == species), species)
        return edition.edition(self._config, species, scientific, span)

    def _read(self, reader: Reader, species: str, span: LocalDays) -> Published:
        last = month_of(span.last)
        chosen = read({"species": species}, last, species)
        found = overview.overview(overview.read(reader, chosen, span, self._zone, self._clock()))
        squares = open_data.squares(found.cells, self._config.public)
        return Published(self._about(species, span), squares)

    def _answer(self, found: Published, kind: str) -> Response:
        about = found.about
        link = f'<{metadata.address("", about, "csv-metadata.json")}>; rel="describedby"'
        headers = self._headers() | {
            "Content-Disposition": f'inline; filename="{about.file_name(kind)}"',
            "Link": f'{link}; type="application/csvm+json", <{quote(about.licence_address, safe=":/.")}>; '
            'rel="license"',
        }
        return Response(_body(found, kind), media_type=MEDIA.get(kind, METADATA), headers=headers)

    def _headers(self) -> dict[str, str]:
        """Pages of other sites may read what everybody may read; no session counts there."""
        if not self._config.public.open:
            return {}
        return {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": "Content-Disposition, Link",
            "Cross-Origin-Resource-Policy": "cross-origin",
        }


def _body(found: Published, kind: str) -> bytes:
    if kind == "csv":
        return spreadsheet.csv_bytes(open_data.table(found.squares, found.about))
    forms: dict[str, Any] = {
        "geojson": lambda: open_data.published(found.squares, found.about, mesh.bounds),
        "csv-metadata.json": lambda: metadata.csvw(found.about),
        "datapackage.json": lambda: metadata.data_package(found.about),
    }
    return msgspec.json.encode(forms[kind]())
