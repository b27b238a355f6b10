"""`shishigaki doctor` looks at the public address as a stranger would."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.web.entry.proxies import Proxies
from gateway.config import ConfigError
from gateway.doctor import public_address
from tests.dashboard.place import serving
from tests.dashboard.web.test_reading import HANA, build, pages
from tests.support.people import keep
from tests.support.servers import free_port


def test_our_own_pages_are_found_to_ask_for_a_login_and_open_ones_are_a_fault(
    tmp_path: Path,
) -> None:
    gateway = build(tmp_path)
    with serving(pages(gateway)) as (url, _):
        with pytest.raises(ConfigError, match="without a login"):
            public_address.look(url)
        keep(gateway.store, HANA)
        assert "asks for a login" in public_address.look(url)
    gateway.store.close()


class Live:
    """Nothing to end."""

    def close(self) -> None:
        """Nothing."""


@contextmanager
def answering(**answers: Response) -> Iterator[str]:
    """A web server that answers paths like this; the others as ours does."""
    usual: dict[str, Response] = {
        "/healthz": JSONResponse({"ok": True}),
        "/traps": RedirectResponse("/login?next=/traps", 303),
        "/static/app.css": PlainTextResponse(""),
        "/api/openapi.json": JSONResponse({}, 401),
    }
    given = {f"/{name.replace('_', '/', 1)}": one for name, one in answers.items()}
    names = {"/static/css": "/static/app.css", "/api/json": "/api/openapi.json"}
    usual |= {names.get(path, path): one for path, one in given.items()}

    def handler(request: Request) -> Response:
        return usual[request.url.path]

    app = Starlette(routes=[Route(path, handler, methods=["GET", "POST"]) for path in usual])
    app.state.live, app.state.proxies = Live(), Proxies()
    with serving(app) as (url, _):
        yield url


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"healthz": PlainTextResponse("Welcome to nginx!")}, "not our pages"),
        ({"healthz": PlainTextResponse("bad gateway", 502)}, "not our pages"),
        ({"traps": PlainTextResponse("")}, "without a login"),
        ({"traps": RedirectResponse("http://sika.example/traps", 301)}, "redirects"),
        ({"static_css": PlainTextResponse("", 404)}, "every path"),
        ({"api_json": JSONResponse({}, 403)}, "Origin"),
    ],
)
def test_what_a_proxy_gets_wrong_is_named(answers: dict[str, Response], told: str) -> None:
    with answering(**answers) as url, pytest.raises(ConfigError, match=told):
        public_address.look(url)
    with answering() as url:
        assert "without HTTPS" in public_address.look(url), "control"


def test_an_address_that_is_not_reached_from_here_is_no_fault() -> None:
    assert "not reached from here" in public_address.look(f"http://127.0.0.1:{free_port()}")
    assert "no link" in public_address.look("")
