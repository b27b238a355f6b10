"""A sender that invents names, as a process: `python -m tests.faults.neighbours.inventor PORT NAMES`.

Owns what it sends and how fast.
"""

import json
import sys
import time

from tests.bench.load import Publisher

A_SECOND = 1_000
STEP = 20


def main(port: int, names: int) -> None:
    """Heartbeats of one sender under so many names, in the gateway's own site."""
    publisher, began = Publisher(port, "wana-07"), time.monotonic()
    for first in range(0, names, STEP):
        time.sleep(max(0.0, began + first / A_SECOND - time.monotonic()))
        publisher.send_all(
            (
                f"wildlife/v1/goto/wana-07-{n}/telemetry",
                json.dumps({"v": 1, "id": f"x{n}"}).encode(),
            )
            for n in range(first, first + STEP)
        )
    publisher.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
