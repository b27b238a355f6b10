"""/imports: send a file, see how it is understood and what will be repaired or refused, import it, undo it.

Owns the handlers. A file is read in a process of its own (`process`); nothing is written before somebody has
seen how the file is understood.
"""

from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.office.imports.job import Job, JobAnswer, Step
from dashboard.office.imports.process import ImportProcess
from dashboard.office.imports.uploads import UploadError, Uploads
from dashboard.web.entry.account_pages import acting
from dashboard.web.forms.multipart import FormError, MultipartForm
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.config import Config
from gateway.domain.people.permissions import Access, Resource
from gateway.ingest.files.column_words import WORDS
from gateway.store import Store
from gateway.store.imports.record import ImportKind

PAGE = "/imports"
MOST_FIELDS = 40
FIELD_BYTES = 400
DONE = ("imported", "undone")
ONLY_DAMAGE = ("crop", "area_m2", "amount_yen", "amount_kg", "id")
ONLY_SIGHTINGS = ("time", "year", "kind", "count")


class ImportPages:
    """Handlers of the page."""

    def __init__(self, store: Store, reply: Reply, config: Config, clock: Clock) -> None:
        self._store, self._reply, self._config, self._clock = store, reply, config, clock
        self._uploads = Uploads(Path(config.store.path).parent / "imports")
        self._process = ImportProcess()

    def routes(self) -> list[Route]:
        """The list, a look at a file, importing it, undoing it."""
        return [
            Route(PAGE, self.show, methods=["GET"]),
            Route(PAGE, self.look, methods=["POST"]),
            Route(f"{PAGE}/take", self.take, methods=["POST"]),
            Route(f"{PAGE}/undo", self.undo, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The imports so far."""
        said = request.query_params.get("said", "")
        return await self._page(request, said=said if said in DONE else "")

    async def look(self, request: Request) -> Response:
        """Keep the file that was sent, and show how it is understood."""
        person = _may_act(request)
        try:
            given = await self._receive(request)
        except FormError as error:
            return await self._page(request, 400, wrong=str(error))
        except UploadError as error:
            return await self._page(request, 413, wrong=str(error))
        return await self._look(request, person, given)

    async def take(self, request: Request) -> Response:
        """Import a file that was looked at; or look again, with other columns."""
        person, given = _may_act(request), await _fields(request)
        if given.get("again"):
            return await self._look(request, person, given)
        path = self._uploads.path(given.get("token", ""))
        if path is None:
            return await self._page(request, 409, wrong=self._reply.text(request)("imports.gone"))
        answer = await self._process.run(self._job(Step.IMPORT, person, given, path))
        if answer.refusal:
            return await self._page(request, 409, given=given, found=answer)
        self._uploads.remove(given["token"])
        return RedirectResponse(f"{PAGE}?said=imported", 303)

    async def undo(self, request: Request) -> Response:
        """Take back an import."""
        person, given = _may_act(request), await _fields(request)
        job = self._job(Step.UNDO, person, given, Path())
        answer = await self._process.run(job)
        if answer.refusal:
            return await self._page(request, 409, wrong=answer.refusal)
        return RedirectResponse(f"{PAGE}?said=undone", 303)

    async def _look(self, request: Request, person: str, given: dict[str, str]) -> Response:
        path = self._uploads.path(given.get("token", ""))
        if path is None:
            return await self._page(request, 409, wrong=self._reply.text(request)("imports.gone"))
        answer = await self._process.run(self._job(Step.LOOK, person, given, path))
        return await self._page(request, found=answer, given=given)

    async def _receive(self, request: Request) -> dict[str, str]:
        """The fields of the form; `token` is of the kept file."""
        form = MultipartForm(request.headers.get("content-type", ""), request.stream())
        given: dict[str, str] = {}
        async for part in form.parts():
            if part.is_file:
                given["name"] = part.filename[:100]
                given["token"] = await self._uploads.keep(part.pieces())
            elif len(given) < MOST_FIELDS:
                given[part.name[:40]] = await part.text(FIELD_BYTES)
        return given

    def _job(self, step: Step, person: str, given: dict[str, str], path: Path) -> Job:
        columns = {
            name.removeprefix("column."): value
            for name, value in given.items()
            if name.startswith("column.") and value
        }
        return Job(
            step=step,
            database=str(self._config.store.path),
            zone=self._config.site.timezone,
            by=person,
            memory_mb=self._config.office.memory_mb,
            kind=_kind(given.get("kind", "")),
            path=str(path),
            name=given.get("name", "")[:100],
            columns=columns or None,
            partial=given.get("partial") == "yes",
            centre=self._config.dashboard.centre,
            import_id=given.get("id", "")[:40],
        )

    async def _page(self, request: Request, status: int = 200, **values: Any) -> Response:
        imports = await self._store.read(lambda reader: reader.imports.latest())
        access: Access = request.state.access
        found: JobAnswer | None = values.pop("found", None)
        return self._reply.page(
            request,
            "imports.html",
            self._clock(),
            account=request.state.account,
            status=status,
            imports=imports,
            kinds=tuple(ImportKind),
            keys=_keys(values.get("given", {}).get("kind", "")),
            found=found,
            may_act=access.may_act(Resource.IMPORTS),
            **{"said": "", "wrong": "", "given": {}, **values},
        )


def _may_act(request: Request) -> str:
    """The name of whoever acts. Raises HTTPException (403)."""
    access: Access = request.state.access
    if not access.may_act(Resource.IMPORTS):
        raise HTTPException(403)
    return acting(request).name


async def _fields(request: Request) -> dict[str, str]:
    async with request.form(max_fields=MOST_FIELDS, max_files=0) as form:
        return {name: str(value)[:FIELD_BYTES] for name, value in form.items()}


def _keys(kind: str) -> tuple[str, ...]:
    """The keys of the map that a table of a kind can have."""
    others = ONLY_SIGHTINGS if kind == ImportKind.DAMAGE else ONLY_DAMAGE
    return tuple(key for key in WORDS if key not in others)


def _kind(text: str) -> ImportKind:
    if text not in set(ImportKind):
        return ImportKind.CAMTRAPDP
    return ImportKind(text)
