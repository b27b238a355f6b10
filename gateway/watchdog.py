"""/healthz and /metrics for monitoring tools, and the watchdog of systemd.

Owns the two routes and the watchdog's timer. `metrics` and `faults` supply the content.
"""

import asyncio
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.clock import Clock, utc_now
from gateway.metrics import Health, notify_systemd
from gateway.metrics.site_figures import look
from gateway.store import Store, StoreError
from gateway.version import program_version

WATCHDOG_S = 10.0
READ_WITHIN_S = 5.0  # a busy disk must not delay a monitoring tool

CurrentFaults = Callable[[], Mapping[str, str]]


def routes(
    health: Health, store: Store, faults: CurrentFaults, clock: Clock = utc_now
) -> list[Route]:
    """/healthz: status 503 if there is a fault; /metrics: Prometheus text.

    Version and faults are shown at this machine, to officials, installers, administrators, and to a program
    with a token for it; to others only the status. Ids of devices are shown to the first three.
    """

    async def healthz(request: Request) -> Response:
        found = dict(faults())
        if not health.alive(store.steps):
            found["intake"] = "a batch has been under way for too long"
        body: dict[str, object] = {"ok": not found}
        if getattr(request.state, "sees_faults", False):  # the gate of the pages decides
            body |= {"version": program_version(), "faults": found}
        return JSONResponse(body, 503 if found else 200)

    async def metrics(request: Request) -> Response:
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                now = clock()
                figures = await store.read(lambda reader: look(reader, now))
        except (TimeoutError, StoreError):
            figures = None
        text = health.metrics(figures, faults())
        if not getattr(request.state, "sees_devices", False):  # the gate of the pages decides
            text = without_devices(text)
        return Response(text, media_type="text/plain; version=0.0.4")

    return [Route("/healthz", healthz), Route("/metrics", metrics)]


def without_devices(text: bytes) -> bytes:
    """The metrics without the lines that name a device."""
    return b"".join(line for line in text.splitlines(keepends=True) if b'device="' not in line)


async def watch(health: Health, store: Store) -> None:
    """Notify systemd's watchdog while the intake moves, and measure how late the event loop is."""
    loop = asyncio.get_running_loop()
    while True:
        if health.alive(store.steps):
            notify_systemd("WATCHDOG=1")
        due = loop.time() + WATCHDOG_S
        await asyncio.sleep(WATCHDOG_S)
        health.late(max(0.0, loop.time() - due))
