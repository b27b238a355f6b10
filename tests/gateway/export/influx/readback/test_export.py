"""What leaves the server as a file: every event, and no formula."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator

import msgspec

from gateway.domain.model import Event
from gateway.export.files.events import csv_lines, json_lines
from gateway.export.influx.readback import History
from tests.gateway.export.influx.readback.scene import EVER, Scene
from tests.support.samples import T0


def test_json_lines_and_csv_carry_every_event(scene: Scene) -> None:
    async def export(history: History) -> tuple[list[bytes], str]:
        lines = [line async for line in json_lines(history.events(*EVER))]
        return lines, "".join([row async for row in csv_lines(history.events(*EVER))])

    lines, table = scene.ask(export)
    events = [msgspec.json.decode(line, type=Event) for line in lines]
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["id"] for row in rows] == [event.id for event in events]
    assert [row["kind"] for row in rows] == [event.kind.value for event in events]
    assert len(rows) == scene.store.read_now(lambda r: r.influx.head())


def test_a_cell_that_a_spreadsheet_would_run_is_text() -> None:
    async def export() -> list[str]:
        async def one() -> AsyncIterator[Event]:
            yield msgspec.convert(
                {
                    "id": "=1+1",
                    "device": "d",
                    "kind": "heartbeat",
                    "observed_at": T0,
                    "received_at": T0,
                    "time_quality": "rtc",
                },
                Event,
            )

        return [row async for row in csv_lines(one())]

    assert asyncio.run(export())[1].startswith("'=1+1,")
