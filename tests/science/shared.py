"""Where the optional reference values lie; tests that need them skip when they are absent."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2].parent / "shared"
needs_shared = pytest.mark.skipif(
    not ROOT.exists(), reason="the optional reference values are absent"
)


def rows(name: str) -> list[dict[str, str]]:
    with (ROOT / name).open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def columns(name: str, *names: str) -> list[NDArray[np.float64]]:
    table = rows(name)
    return [np.array([float(row[column]) for row in table]) for column in names]


def values(name: str) -> Any:
    return json.loads((ROOT / name).read_text(encoding="utf-8"))
