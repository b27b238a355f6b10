"""Whoever is enrolled again stays what it is: a hub a hub, and whoever runs the hub goes on running it."""

import asyncio

import asyncpg
import pytest

from gateway.region.hub.enrolment import add_organisation, enrol
from tests.support.region.hub import FAR

pytestmark = pytest.mark.real
KINDS = "SELECT id, kind, operates FROM region.organisation ORDER BY id"


async def _again(url: str) -> dict[str, tuple[str, bool]]:
    link = await asyncpg.connect(url)
    try:
        await enrol(link, "aso", "A1", FAR)
        await enrol(link, "kumamoto", "B1", FAR, is_hub=True)
        await add_organisation(link, "pref", operates=True)
        await add_organisation(link, "office")
        for name in ("aso", "kumamoto", "pref"):
            await enrol(link, name, f"C{name.encode().hex()}", FAR)
        await enrol(link, "aso", "D1", FAR, is_hub=True)
        await add_organisation(link, "kumamoto")
        return {row[0]: (row[1], row[2]) for row in await link.fetch(KINDS)}
    finally:
        await link.close()


def test_who_is_enrolled_again_keeps_its_kind_and_what_it_runs(region: str) -> None:
    assert asyncio.run(_again(region)) == {
        "aso": ("town", False),
        "kumamoto": ("hub", False),
        "office": ("office", False),  # control: nobody made it anything else
        "pref": ("town", True),  # an office that begins to send
    }
