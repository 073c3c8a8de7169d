"""`tidegate up`: everything on one machine, as child processes, until Ctrl-C."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from coordinator.cli.exits import Exit
from coordinator.cli.house import House

StateDir = Annotated[
    Path,
    typer.Option(
        "--state-dir",
        metavar="DIR",
        envvar="TIDEGATE_STATE_DIR",
        help="Database, keys, logs, the broker's data.",
    ),
]
Bind = Annotated[
    str, typer.Option("--bind", metavar="ADDRESS:PORT", envvar="TIDEGATE_BIND", help="Where the API listens.")
]
HostName = Annotated[
    str,
    typer.Option("--host", metavar="NAME", help="This machine's name as a host, as the inventory calls it."),
]
DockerHost = Annotated[
    str | None,
    typer.Option("--docker-host", metavar="URL", help="The worker's engine; or TIDEGATE_WORKER_DOCKER_HOST."),
]
NoWorker = Annotated[
    bool, typer.Option("--no-worker", help="Only the coordinator: no worker for this machine.")
]
NoFlower = Annotated[
    bool, typer.Option("--no-flower", help="Without Flower, the window on the hosts' tasks.")
]
FlowerBind = Annotated[
    str,
    typer.Option(
        "--flower-bind",
        metavar="ADDRESS:PORT",
        envvar="TIDEGATE_FLOWER_BIND",
        help="Where Flower's pages are.",
    ),
]


def up(
    *,
    state_dir: StateDir = Path(".tidegate"),
    bind: Bind = "127.0.0.1:8420",
    host: HostName = "local",
    docker_host: DockerHost = None,
    no_worker: NoWorker = False,
    no_flower: NoFlower = False,
    flower_bind: FlowerBind = "127.0.0.1:5555",
) -> int:
    """Run Tidegate on this machine: the coordinator with SQLite and its own broker, a worker for its engine, Flower.

    Everything is kept in the state folder, so that a second start goes on where the first ended. Ctrl-C stops it.
    """
    house = House(state_dir, bind, say=lambda text: print(text, file=sys.stderr, flush=True))  # noqa: T201 - to the person
    with house:
        house.start_coordinator()
        if not no_flower:
            house.start_flower(flower_bind)
        if not no_worker:
            house.start_worker(host, docker_host)
        house.tell_how_to_go_on()
        house.wait()
    return Exit.SUCCEEDED
