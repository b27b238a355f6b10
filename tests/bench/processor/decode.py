"""What decoding costs: median µs a message for each dialect. `python -m tests.bench.processor.decode`."""

import statistics
import sys
import time

from gateway.dialects import Context
from gateway.dialects.table import BY_NAME, Claims
from gateway.domain.model import Device, Message, Role
from tests.gateway.dialects.fixtures import EUI, FIXTURES, message

ROUNDS, LOOPS = 41, 500
REGISTERED = Context(
    devices={EUI: Device(id=EUI, role=Role.TRAP, model="milesight-ws301")}, site="goto"
)


def median_us(name: str, one: Message, context: Context = REGISTERED) -> float:
    """Median over ROUNDS of the mean of LOOPS decodings of the same message, in µs."""
    decode = BY_NAME[name].decode
    figures = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(LOOPS):
            decode(one, context)
        figures.append((time.perf_counter() - start) / LOOPS * 1e6)
    return statistics.median(figures)


def claim_us() -> float:
    """Median µs to find the dialect of a topic that was heard before."""
    claims = Claims([(name, ()) for name in BY_NAME])
    topic = FIXTURES["esphome"][0][0]
    figures = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(LOOPS):
            claims.claim(topic)
        figures.append((time.perf_counter() - start) / LOOPS * 1e6)
    return statistics.median(figures)


def main() -> None:
    """Print the table: the first fixture of each dialect, and recognition without a registry."""
    write = sys.stdout.write
    write("decode, median µs a message\n")
    for name, rows in FIXTURES.items():
        topic, value = rows[0]
        write(f"  {name:<24}{median_us(name, message(topic, value)):8.2f}\n")
    topic, value = FIXTURES["chirpstack"][0]
    guessed = median_us("chirpstack", message(topic, value), Context(assume=True))
    write(f"  {'chirpstack, recognised':<24}{guessed:8.2f}\n")
    write(f"  {'claim of a topic':<24}{claim_us():8.2f}\n")


if __name__ == "__main__":
    main()
