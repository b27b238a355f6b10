"""Coasts that are cut once for all tests of a process: hundreds of them show the same few sites.

Owns what was cut. Must not cut anything: the command of the `Coastline` does that, and its
failures are not kept.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dashboard.maps.bounds import Box
from dashboard.maps.coastline_process import Coastline, Land

Cut = dict[tuple[tuple[str, ...], Box], Land]


@contextmanager
def kept() -> Iterator[Cut]:
    """While this is open, each command cuts a box once; gives what was cut, for tests to forget."""
    known: Cut = {}
    cut = Coastline._cut

    async def remembered(self: Coastline, limits: Box) -> Land:
        key = (tuple(self._command), limits)
        if key not in known:
            known[key] = await cut(self, limits)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Coastline, "_cut", remembered)
        yield known
