"""The lab's command line: `python -m tests.lab up`, `... run web-1 -- ip addr`, `... down`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.lab.errors import LabError
from tests.lab.lab import HOSTS, Lab, down
from tests.lab.layout import BUILDER, default_base
from tests.lab.tools import ensure_tools


def up(options: argparse.Namespace) -> int:
    """Bring a lab up; it stays until `down`."""
    ensure_tools()
    lab = Lab.up(options.name, options.hosts.split(","), owned=False)
    print(f"the lab {lab.name} is up; its folder is {lab.folder}")
    return status(options)


def take_down(options: argparse.Namespace) -> int:
    """Take the lab down; nothing is left."""
    print("down" if down(options.name) else f"there is no lab {options.name}")
    return 0


def status(options: argparse.Namespace) -> int:
    """Show the hosts, their engines and the containers that run on them."""
    lab = Lab.attach(options.name)
    print(f"registry  {lab.registry.address}  {'runs' if lab.registry.process else 'is down'}")
    for host in (*lab.hosts, BUILDER):
        engine = lab.engine(host)
        running = [c.name for c in engine.client.containers.list()] if engine.process else ["engine is down"]
        print(f"{host:9} {lab.address(host):14}  {engine.url}  {' '.join(map(str, running))}")
        engine.close()
    return 0


def run(options: argparse.Namespace) -> int:
    """Run a command in a namespace, at this terminal."""
    lab = Lab.attach(options.name)
    argv = [word for word in options.command if word != "--"]
    child = lab.spawn(options.host, argv, stdin=None)
    return child.wait()


def cut_off(options: argparse.Namespace) -> int:
    """Cut a host off the network."""
    Lab.attach(options.name).cut_off(options.host)
    return 0


def bring_back(options: argparse.Namespace) -> int:
    """Bring a host back to the network."""
    Lab.attach(options.name).bring_back(options.host)
    return 0


def engine(options: argparse.Namespace) -> int:
    """Kill, stop or start a host's engine."""
    getattr(Lab.attach(options.name).engine(options.host), options.action)()
    return 0


def registry(options: argparse.Namespace) -> int:
    """Stop or start the registry."""
    getattr(Lab.attach(options.name).registry, options.action)()
    return 0


def kill(options: argparse.Namespace) -> int:
    """Kill a process (a worker, a broker) with SIGKILL and wait until it is gone."""
    Lab.attach(options.name).kill(options.pid)
    return 0


def load(options: argparse.Namespace) -> int:
    """Give a host's engine base images, such as postgres:16-alpine."""
    lab = Lab.attach(options.name)
    lab.load(options.host, *options.images)
    lab.engine(options.host).close()
    return 0


def events(options: argparse.Namespace) -> int:
    """Follow the events of a host's engine until interrupted."""
    client = Lab.attach(options.name).engine(options.host).new_client()
    for event in client.events(decode=True):
        actor = event.get("Actor", {})
        print(
            event.get("Type"),
            event.get("Action"),
            actor.get("Attributes", {}).get("name", actor.get("ID")),
            flush=True,
        )
    return 0


def tools(_: argparse.Namespace) -> int:
    """Install the Debian packages that the lab needs (root), or say exactly what is missing."""
    print("installed" if ensure_tools() else "all is there")
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m tests.lab", description="The Docker lab.")
    top.add_argument("--name", default="lab", help=f"the lab's name (its folder: {default_base()}/NAME)")
    verbs = top.add_subparsers(required=True, metavar="VERB")

    def verb(
        name: str, action: Callable[[argparse.Namespace], int], *, host: bool = False
    ) -> argparse.ArgumentParser:
        one = verbs.add_parser(name, help=action.__doc__)
        one.set_defaults(action_of_verb=action)
        if host:
            one.add_argument("host")
        return one

    verb("up", up).add_argument("--hosts", default=",".join(HOSTS))
    verb("down", take_down)
    verb("status", status)
    verb("run", run, host=True).add_argument("command", nargs=argparse.REMAINDER)
    verb("cut-off", cut_off, host=True)
    verb("bring-back", bring_back, host=True)
    verb("engine", engine, host=True).add_argument("action", choices=("kill", "stop", "start"))
    verb("registry", registry).add_argument("action", choices=("stop", "start"))
    verb("kill", kill).add_argument("pid", type=int)
    verb("load", load, host=True).add_argument("images", nargs="+")
    verb("events", events, host=True)
    verb("tools", tools)
    return top


def main() -> int:
    options = parser().parse_args()
    try:
        return int(options.action_of_verb(options))
    except LabError as error:
        print(f"{Path(sys.argv[0]).parent.name}: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, subprocess.SubprocessError) as error:
        print(error or "interrupted", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
