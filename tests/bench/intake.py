"""The intake beside what people use instead: `python -m tests.bench.intake [--runs N] [--quick]`.

Each subscriber is stopped (SIGSTOP), mosquitto is filled, and the time runs from SIGCONT until the last
message is where it belongs: read (mosquitto_sub, paho), durable or also judged (ours), committed
(sqlite), written (InfluxDB).
Interleaved, medians; CPU and memory of the subscriber's process alone.
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from gateway.store.reader import Reader
from tests.bench.latency import durable, latencies, say_latency
from tests.bench.load import Publisher, detections
from tests.bench.peers import nodered, telegraf
from tests.bench.peers.nodered import NodeRed
from tests.bench.peers.telegraf import Telegraf
from tests.bench.site import broker_in_folder, started
from tests.support.servers import Influxd, Mosquitto, wait_for

FILTER = "wildlife/v1/#"
TICK = os.sysconf("SC_CLK_TCK")


class Figure(Struct, frozen=True):
    """One run of one subscriber."""

    rate: float  # msg/s
    cpu_s_per_100k: float
    rss_mb: float
    bytes_per_event: float  # written to the disk


class Process:
    """Figures of a process from /proc."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def rss_mb(self) -> float:
        text = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in text.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1_000

    def written(self) -> int:
        text = Path(f"/proc/{self.pid}/io").read_text()
        return int(text.split("\nwrite_bytes: ")[1].split()[0])


def measure(
    process: Process, port: int, count: int, devices: int, done: Callable[[], object]
) -> Figure:
    """Fill the broker while the subscriber stands still, then let it run until `done`."""
    os.kill(process.pid, signal.SIGSTOP)
    publisher = Publisher(port)
    publisher.send_all(detections(count, devices))
    publisher.close()
    cpu, written, began = process.cpu_s(), process.written(), time.perf_counter()
    os.kill(process.pid, signal.SIGCONT)
    wait_for(done, "the last message", 300)
    took = time.perf_counter() - began
    return Figure(
        count / took,
        (process.cpu_s() - cpu) / count * 100_000,
        process.rss_mb(),
        (process.written() - written) / count,
    )


Held = Callable[[Reader], int]


def judged(reader: Reader) -> int:
    """How many messages are events with their states, sums and alerts."""
    return reader.influx.head()


def ours(
    folder: Path, broker: Mosquitto, count: int, devices: int = 100, held: Held = judged
) -> Figure:
    """The whole gateway, until it has all in the way of `held`."""
    with started(folder, broker, devices) as service:
        reader = service.reader()
        done = lambda: held(reader) >= count  # noqa: E731
        return measure(Process(service.pid), broker.port, count, devices, done)


def mosquitto_sub(folder: Path, broker: Mosquitto, count: int) -> Figure:
    """The reference in C; it stores nothing."""
    command = ["mosquitto_sub", "-p", str(broker.port), "-i", "ref", "-q", "1", "-t", FILTER]
    with (folder / "out").open("wb") as out:
        child = subprocess.Popen([*command, "-F", "%l"], stdout=out)
        probe = Publisher(broker.port)
        wait_for(lambda: _answers(probe, folder / "out"), "it to subscribe")
        probe.close()
        before = (folder / "out").stat().st_size
        try:
            return measure(
                Process(child.pid),
                broker.port,
                count,
                100,
                lambda: (folder / "out").stat().st_size - before >= count * 4,
            )
        finally:
            child.kill()
            child.wait()


def _answers(probe: Publisher, out: Path) -> bool:
    probe.send(("wildlife/v1/probe", b"hello"))
    return out.stat().st_size > 0


def script(name: str, folder: Path, broker: Mosquitto, count: int, *more: str) -> Figure:
    """One of `tests.bench.peers.scripts`, which says "ready" and "done" in files."""
    command = [
        sys.executable,
        "-m",
        "tests.bench.peers.scripts",
        name,
        str(broker.port),
        str(count),
        str(folder),
        *more,
    ]
    child = subprocess.Popen(command)
    try:
        wait_for((folder / "ready").exists, f"{name} to subscribe")
        return measure(Process(child.pid), broker.port, count, 100, (folder / "done").exists)
    finally:
        child.kill()
        child.wait()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the messages, one run")
    parser.add_argument("--ten-million", action="store_true", help="size and start at 10M events")
    arguments = parser.parse_args()
    runs, many = (1, 10_000) if arguments.quick else (arguments.runs, 100_000)
    few = many // 50
    print(f"{many:,} messages waiting at mosquitto ({few:,} for the scripts that write singly)")
    medians = report(rows(many, few), runs)
    say_goals(medians)
    say_latency(medians["ours, judged"].rate, 3 if arguments.quick else 15)
    say_scaling(many, 3 if arguments.quick else 10)
    if arguments.ten_million:
        from tests.bench.history import main as history

        history()


Row = Callable[[Path, Mosquitto], Figure]


def rows(many: int, few: int) -> dict[str, Row]:
    """Who takes part."""
    found: dict[str, Row] = {
        "mosquitto_sub": lambda f, b: mosquitto_sub(f, b, many),
        "ours, durable": lambda f, b: ours(f, b, many, held=durable),
        "ours, judged": lambda f, b: ours(f, b, many),
        "paho callbacks": lambda f, b: script("count", f, b, many),
        "paho + sqlite": lambda f, b: script("sqlite", f, b, few),
    }
    if shutil.which("influxd"):
        found["paho + InfluxDB"] = lambda f, b: _with_influx(f, b, few)
    if not (lacking := nodered.missing()):
        found["Node-RED sqlite"] = lambda f, b: node_red(f, b, few)
    print(lacking or "Node-RED takes part")
    if not (lacking := telegraf.missing()):
        found["Telegraf"] = lambda f, b: with_telegraf(f, b, many)
    print(lacking or "Telegraf takes part")
    return found


def with_telegraf(folder: Path, broker: Mosquitto, count: int) -> Figure:
    """Telegraf into InfluxDB; CPU, memory and bytes are Telegraf's alone."""
    with (
        Influxd(folder / "influx") as server,
        Telegraf(folder, broker.port, server) as running,
    ):
        wanted = running.stored() + count
        return measure(
            Process(running.pid), broker.port, count, 100, lambda: running.stored() >= wanted
        )


def node_red(folder: Path, broker: Mosquitto, count: int) -> Figure:
    """Node-RED with its sqlite node."""
    with NodeRed(folder, broker.port) as running:
        wanted = running.stored() + count
        return measure(
            Process(running.pid), broker.port, count, 100, lambda: running.stored() >= wanted
        )


def _with_influx(folder: Path, broker: Mosquitto, count: int) -> Figure:
    with Influxd(folder / "influx") as server:
        return script("influx", folder, broker, count, server.url)


def report(subscribers: dict[str, Row], runs: int) -> dict[str, Figure]:
    """Run interleaved and print medians."""
    results: dict[str, list[Figure]] = {name: [] for name in subscribers}
    for _ in range(runs):
        for name, run in subscribers.items():
            with broker_in_folder() as (folder, broker):
                results[name].append(run(folder, broker))
    medians = {name: median(figures) for name, figures in results.items()}
    print(f"{'':17}{'msg/s':>9}{'CPU s/100k':>12}{'RSS MB':>8}{'bytes/event':>13}")
    for name, row in medians.items():
        print(
            f"{name:17}{row.rate:9,.0f}{row.cpu_s_per_100k:12.2f}{row.rss_mb:8.0f}"
            f"{row.bytes_per_event:13,.0f}"
        )
    return medians


def median(figures: list[Figure]) -> Figure:
    """Each field's median."""
    return Figure(
        *(statistics.median(getattr(f, name) for f in figures) for name in Figure.__struct_fields__)
    )


def say_goals(medians: dict[str, Figure]) -> None:
    """Ratios beside the goals."""
    sub, naive = medians["mosquitto_sub"].rate, medians["paho + sqlite"].rate
    for name in ("ours, durable", "ours, judged"):
        mine = medians[name].rate
        print(
            f"{name}: {mine / sub:.2f} of mosquitto_sub (goal 0.9, durable), "
            f"{mine / naive:.0f} times paho + sqlite (goal 50)"
        )
    whole = medians["ours, judged"]
    print(f"memory: {whole.rss_mb:.0f} MB under load (goal 60)")
    print(f"written: {whole.bytes_per_event:,.0f} bytes per event (goal 1,024)")


def say_scaling(count: int, seconds: float) -> None:
    """Rate, and latency at 100 msg/s, by number of devices."""
    for devices in (10, 100, 1_000, 5_000):
        with broker_in_folder() as (folder, broker):
            figure = ours(folder, broker, count, devices)
        with broker_in_folder() as (folder, broker), started(folder, broker, devices) as service:
            p50, p99 = latencies(broker.port, service.database, 100, seconds, devices)
        print(
            f"{devices:5,} devices: {figure.rate:8,.0f} msg/s judged, "
            f"{figure.cpu_s_per_100k:.2f} CPU s/100k, {figure.rss_mb:.0f} MB, "
            f"{figure.bytes_per_event:,.0f} bytes/event; durable at 100 msg/s: "
            f"p50 {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms"
        )


if __name__ == "__main__":
    main()
