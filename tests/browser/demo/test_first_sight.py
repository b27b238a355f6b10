"""The first sight after `make demo`: progress with finished months, then a map of known traps."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.browser.demo.first_sight import photographs
from tests.support.servers import need


@pytest.mark.long
@pytest.mark.real
def test_a_person_sees_progress_or_known_traps_at_10_40_and_120_seconds(tmp_path: Path) -> None:
    need("chromium", "chromium")
    with ThreadPoolExecutor(
        1
    ) as pool:  # the shared browser of other tests keeps this thread's loop
        sights = pool.submit(photographs, tmp_path).result()
    assert [one.at_s for one in sights] == [10.0, 40.0, 120.0]
    for one in sights:
        assert one.picture.stat().st_size > 10_000
        assert one.percent is not None or one.unknown < max(1, one.traps) / 4
    reached = [100 if one.percent is None else one.percent for one in sights]
    assert reached == sorted(reached)
    assert sights[-1].percent is None or sights[-1].months > 0
