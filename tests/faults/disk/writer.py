"""A gateway's heart alone: `python -m tests.faults.disk.writer DATABASE [--lying | --hasty]`.

Takes in one spring after the other and says the number of each on stdout after its commit, as an
acknowledgement. The controls that must lose: `--lying` commits without waiting for the disk, `--hasty` says
the number before.
"""

import itertools
import os
import sys
from pathlib import Path

from gateway.ingest.messages.batch import absorb
from gateway.store import Store
from tests.faults.disk.story import kind
from tests.support.samples import CAMERA, TOKYO, TRAP, at, decode, message, reading
from tests.support.tables import writing_connection


def main(path: Path, *, lying: bool, hasty: bool) -> None:
    """Until killed."""
    store = Store(path, TOKYO)
    if lying:
        writing_connection(store).pragma("synchronous", "OFF")
    store.write_now(lambda tx: tx.put_devices([TRAP, CAMERA]))
    first = store.read_now(lambda r: r.influx.head()) + 1
    for number in itertools.count(first):
        one = message(reading("trap-01", kind(number * 40), number, seq=number))
        if hasty:
            os.write(1, b"%d\n" % number)
        store.write_now(lambda tx, m=one, n=number: absorb(tx, [m], decode, at(n)))  # type: ignore[misc]
        os.write(1, b"%d\n" % number)


if __name__ == "__main__":
    main(Path(sys.argv[1]), lying="--lying" in sys.argv, hasty="--hasty" in sys.argv)
