"""The central InfluxDB, if one is set: answers, takes our name, has the database.

Must not write to it.
"""

import asyncio

from gateway.config import Influx
from gateway.doctor.case import Case
from gateway.doctor.finding import Finding, fault, unknown, well

LOCAL = {"127.0.0.1", "localhost", "::1"}
SETUP = "sudo shishigaki influx setup"


def influx(case: Case) -> Finding:
    """Whether the server answers and a question about our database is allowed."""
    settings = case.config.influx
    if not settings.url:
        return unknown("doctor.no_influx")
    from gateway.export.influx.server import QueryError  # imported here: 15 MB only for InfluxDB

    try:
        version = asyncio.run(_ping(settings))
    except QueryError as error:
        return fault("doctor.influx_dead", _start(settings), url=settings.url, why=str(error))
    try:
        asyncio.run(_query(settings))
    except QueryError as error:
        return fault("doctor.influx_refuses", SETUP, why=str(error))
    return well("doctor.influx_well", url=settings.url, version=version or "?")


async def _ping(settings: Influx) -> str:
    from gateway.export.influx.server import connect

    async with connect(settings) as server, asyncio.timeout(settings.timeout_s):
        return await server.ping()


async def _query(settings: Influx) -> None:
    from gateway.export.influx.server import connect

    async with connect(settings) as server, asyncio.timeout(settings.timeout_s):
        await server.query("SHOW MEASUREMENTS LIMIT 1")


def _start(settings: Influx) -> str:
    from urllib.parse import urlsplit

    url = settings.url.rstrip("/")
    is_here = urlsplit(url).hostname in LOCAL
    return "sudo systemctl restart influxdb" if is_here else f"curl -sS {url}/ping"
