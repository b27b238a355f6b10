"""tests.bench.surface: what the measurement claims must be true of what it measures."""

import numpy as np
import pytest

from tests.bench import surface as bench


def test_a_page_does_not_grow_with_the_history() -> None:
    sizes = []
    for size in (10_000, 300_000):
        events = bench.history(size)
        counts = np.bincount(events.sensor, minlength=bench.SENSORS).astype(np.float64)
        sizes.append(len(bench.page(counts, events)))
    assert max(sizes) < 150_000
    assert sizes[1] < 1.5 * sizes[0]


def test_every_method_draws_the_same_history_and_is_reported_beside_the_heat_map() -> None:
    rows = bench.measure(500, repeats=1)
    assert bench.binned(bench.history(500)).sum() == 500
    assert {row.way for row in rows} >= {bench.SLOW, "roll-ups -> surface -> folium HTML"}
    found = bench.report(rows)
    assert found.count("\n") >= len(rows)
    assert [
        line for line in found.splitlines() if bench.SLOW in line and "1.0 x      1.0 x" in line
    ]
    with pytest.raises(KeyError):
        bench.report([row for row in rows if row.way != bench.SLOW])
