"""What the process of the calculating pages may take: set by itself, before it loads anything large.

Owns the limits. Must not know the pages.
"""

import os
import resource
from pathlib import Path

THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
NICER = 5  # intake and alerts go first
OOM_FIRST = "500"  # where memory ends all the same, this process goes before the gateway


def limit(memory_mb: int) -> None:
    """Limit the data of this process, and let the gateway go first."""
    size = memory_mb * 1_000_000
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICER)
    score = Path("/proc/self/oom_score_adj")
    if score.exists():
        score.write_text(OOM_FIRST)
