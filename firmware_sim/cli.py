"""`shishigaki simulate`: a fleet of simulated devices against any broker.

Owns the command's options and words. Must not simulate anything itself.
"""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from firmware_sim.fleet import Fleet
from firmware_sim.habitat.scenario import ScenarioError, load, shipped_scenarios
from firmware_sim.world import World

CONNECT_TIMEOUT_S = 5.0
SCENARIOS = ", ".join(shipped_scenarios())


def simulate(
    scenario: Annotated[
        str, typer.Argument(help=f"{SCENARIOS} か TOML ファイル / or a TOML file")
    ] = "tiny",
    host: Annotated[str, typer.Option(help="ブローカーのホスト / the broker's host")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="ブローカーのポート / the broker's port")
    ] = 1883,
    speed: Annotated[
        float, typer.Option(min=0.01, max=10_000, help="実時間の何倍か / times real time")
    ] = 1.0,
    seed: Annotated[
        int | None, typer.Option(help="別の世界にする数 / another world than the scenario's")
    ] = None,
    duration: Annotated[
        float | None, typer.Option(min=0, help="この秒数で終わる / end after so many seconds")
    ] = None,
) -> None:
    """模擬センサーを MQTT で動かします / simulated sensors as real MQTT clients, until Ctrl-C."""
    try:
        chosen = load(scenario)
    except ScenarioError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if seed is not None:
        chosen = msgspec.structs.replace(chosen, seed=seed)
    devices = len(chosen.devices)
    typer.echo(f"{chosen.title}: {devices} devices -> {host}:{port}, {speed:g}x, Ctrl-C ends")
    _warn_if_no_broker(host, port)
    world = World(chosen, datetime.now(UTC))
    with _stopping() as stop, Fleet(world, host, port, speed=speed):
        stop.wait(duration)


def _warn_if_no_broker(host: str, port: int) -> None:
    """Warn if no broker answers; the devices keep trying, like real devices."""
    try:
        socket.create_connection((host, port), CONNECT_TIMEOUT_S).close()
    except OSError as error:
        why = error.strerror or "no answer"
        typer.echo(
            f"{host}:{port}: {why}; ブローカーが応答するまで送り続けます / "
            "no broker answers; the devices keep trying",
            err=True,
        )


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event set by SIGINT or SIGTERM; the former signal handlers are restored at the end."""
    stop = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    former = [signal.signal(number, lambda *_: stop.set()) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, former, strict=True):
            signal.signal(number, handler)
