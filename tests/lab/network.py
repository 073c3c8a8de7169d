"""The lab's network: namespaces on a switch of their own; the root namespace gets no address and no interface."""

from __future__ import annotations

import subprocess

from tests.lab.errors import LabError
from tests.lab.layout import CONTROL, Layout
from tests.lab.spawning import search_path


def ip(*arguments: str) -> str:
    """Run iproute2's `ip` and return what it printed."""
    done = subprocess.run(
        ["ip", *arguments],
        env={"PATH": search_path()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LabError(f"`ip {' '.join(arguments)}` failed: {done.stderr.strip()}")
    return done.stdout


def create(layout: Layout) -> None:
    """Make the namespaces, the switch in `ctl`, and one cable to each host."""
    for where in layout.namespaces:
        ip("netns", "add", layout.namespace(where))
        _inside(layout, where, "link", "set", "lo", "up")
    _inside(layout, CONTROL, "link", "add", "br0", "type", "bridge")
    _inside(layout, CONTROL, "addr", "add", f"{layout.address(CONTROL)}/24", "dev", "br0")
    _inside(layout, CONTROL, "link", "set", "br0", "up")
    _refuse_the_world(layout)
    for host in layout.engines:
        _plug_in(layout, host)


def delete(layout: Layout) -> None:
    """Delete the namespaces that exist; cables and switch go with them."""
    listed = {line.split()[0] for line in ip("netns", "list").splitlines() if line.strip()}
    for where in layout.namespaces:
        if layout.namespace(where) in listed:
            ip("netns", "delete", layout.namespace(where))


def cut_off(layout: Layout, host: str) -> None:
    """Pull the host's cable out of the switch: packets vanish both ways, nobody is told."""
    _inside(layout, CONTROL, "link", "set", layout.port_of_switch(host), "down")


def bring_back(layout: Layout, host: str) -> None:
    """Plug the host's cable in again."""
    _inside(layout, CONTROL, "link", "set", layout.port_of_switch(host), "up")


def _plug_in(layout: Layout, host: str) -> None:
    port, namespace = layout.port_of_switch(host), layout.namespace(host)
    # Both ends are made inside their namespaces, so that the root namespace never sees an interface.
    _inside(layout, CONTROL, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace)
    _inside(layout, CONTROL, "link", "set", port, "master", "br0", "up")
    _inside(layout, host, "addr", "add", f"{layout.address(host)}/24", "dev", "eth0")
    _inside(layout, host, "link", "set", "eth0", "up")
    _inside(layout, host, "route", "add", "default", "via", layout.address(CONTROL))


def _refuse_the_world(layout: Layout) -> None:
    """Let the lab's router answer "unreachable" at once for all outside: names fail fast instead of timing out."""
    _inside(layout, CONTROL, "route", "add", "unreachable", "default")
    forward = "echo 1 > /proc/sys/net/ipv4/ip_forward"
    subprocess.run(["nsenter", f"--net={layout.handle(CONTROL)}", "sh", "-c", forward], check=True)


def _inside(layout: Layout, where: str, *arguments: str) -> None:
    ip("-n", layout.namespace(where), *arguments)
