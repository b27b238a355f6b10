"""One gateway for a module's tests, with limits that no test reaches by itself."""

from collections.abc import Iterator

import pytest

from dashboard.api import limits
from dashboard.api.limits import RateLimit
from gateway import app as service
from tests.dashboard.place import serving
from tests.dashboard.rights.house import build


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[service.Gateway]:
    made = build(tmp_path_factory.mktemp("api"))
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def url(gateway: service.Gateway) -> Iterator[str]:
    app = service.pages(gateway, dict)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ADDRESS", "TOKEN"):
            patch.setattr(limits, name, RateLimit(burst=10_000, per_minute=60_000))
        app.middleware_stack = app.build_middleware_stack()
    with serving(app) as (address, _):
        yield address
