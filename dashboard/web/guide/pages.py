"""/guide/{reader}: a handbook. Owns the handler. For everybody, also with a link of a message."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.web.guide import handbook
from dashboard.web.responses import Reply
from gateway.clock import Clock


class GuidePages:
    """The handler of the handbooks."""

    def __init__(self, reply: Reply, clock: Clock) -> None:
        self._reply, self._clock = reply, clock

    def routes(self) -> list[Route]:
        """The route of a handbook."""
        return [Route("/guide/{reader}", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """One handbook, with the way to the others."""
        reader = request.path_params["reader"]
        if reader not in handbook.READERS:
            raise HTTPException(404)
        return self._reply.page(
            request,
            "guide.html",
            self._clock(),
            account=request.state.account,
            reader=reader,
            book=handbook.read(reader),
            others=[(one, handbook.read(one)) for one in handbook.READERS if one != reader],
        )
