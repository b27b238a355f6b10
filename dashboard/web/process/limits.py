"""Limits of memory and priority of the process of the calculating pages.

Owns the limits; the process sets them itself before it loads large modules. Must not know the pages.
"""

import os
import resource
from pathlib import Path

THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
NICENESS = 5  # lower priority than intake and alerts
OOM_SCORE = "500"  # if memory is exhausted, the kernel ends this process before the gateway


def limit(memory_mb: int) -> None:
    """Limit the memory of this process and lower its priority."""
    size = memory_mb * 1_000_000
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)
    score = Path("/proc/self/oom_score_adj")
    if score.exists():
        score.write_text(OOM_SCORE)
