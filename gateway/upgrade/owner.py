"""Files of the data are touched as their owner only: a link that somebody put there leads root nowhere.

Owns the change of the effective user. It counts for the whole process: nothing else may run meanwhile.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def as_owner(folder: Path) -> Iterator[None]:
    """As the owner of a folder; as ourselves where that is not in our power."""
    if os.geteuid() != 0:
        yield
        return
    about, mask = folder.stat(), os.umask(0o027)
    os.setegid(about.st_gid)
    os.seteuid(about.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.umask(mask)
