"""The operating system's programs that the lab needs, and how they come onto a Debian machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.errors import LabError, MissingToolsError
from tests.lab.spawning import search_path

POLICY = Path("/usr/sbin/policy-rc.d")  # Debian asks it whether a package may start its service
SAVED = POLICY.with_name("policy-rc.d.before-tidegate-lab")


@dataclass(frozen=True)
class Tool:
    """A program by name, or a file by pattern, and the Debian package that has it."""

    program: str
    package: str
    purpose: str
    services: tuple[str, ...] = ()

    @property
    def there(self) -> bool:
        if "/" in self.program:
            return any(Path("/").glob(self.program.lstrip("/")))
        return shutil.which(self.program, path=search_path()) is not None


LAB = (
    Tool("dockerd", "docker.io", "the engine of each host", ("docker.service", "docker.socket")),
    Tool("docker-registry", "docker-registry", "the lab's image registry", ("docker-registry.service",)),
    Tool("ip", "iproute2", "network namespaces"),
    Tool("iptables", "iptables", "what engines publish ports with"),
    Tool("nsenter", "util-linux", "programs inside a namespace"),
    Tool("mount", "mount", "small disks"),
    Tool("busybox", "busybox-static", "the stand-in for busybox:stable"),
    Tool(
        "/usr/lib/postgresql/*/bin/postgres",
        "postgresql",
        "PostgreSQL, also in a container",
        ("postgresql.service",),
    ),
    Tool("redis-server", "redis-server", "the stand-in for redis:7-alpine", ("redis-server.service",)),
)


def missing(tools: Sequence[Tool] = LAB) -> list[Tool]:
    return [tool for tool in tools if not tool.there]


def why_not_here() -> str | None:
    """Return a sentence that says why no lab can be on this machine, or None when it can."""
    if sys.platform != "linux":
        return f"the lab needs Linux (network namespaces); this is {sys.platform}"
    if os.geteuid():
        return "the lab needs root (it makes network namespaces and starts Docker engines); run it as root"
    return None


def check_machine(tools: Sequence[Tool] = LAB) -> None:
    """Raise the error that says what keeps a lab from being on this machine."""
    if reason := why_not_here():
        raise LabError(reason)
    if lacking := missing(tools):
        raise MissingToolsError(_sentence(lacking))


def ensure_tools(tools: Sequence[Tool] = LAB, say: Callable[[str], None] = print) -> list[str]:
    """Install the Debian packages that are missing and return their names.

    Packages start no service and leave none to start at the next boot; services that were there are not touched.
    Not root, or no apt-get: MissingToolsError says exactly what is missing and how to install it.
    """
    lacking = missing(tools)
    if not lacking:
        return []
    if os.geteuid() or not shutil.which("apt-get"):
        raise MissingToolsError(_sentence(lacking))
    packages = sorted({tool.package for tool in lacking})
    say(f"installing {', '.join(packages)} (needed: {', '.join(tool.program for tool in lacking)})")
    with services_stay_down():
        _install(packages)
    _disable([service for tool in lacking for service in tool.services])
    if still := missing(tools):
        raise MissingToolsError("installed, and yet " + _sentence(still))
    return packages


@contextmanager
def services_stay_down() -> Iterator[None]:
    """Forbid packages to start services for as long as this process lives, also if it is killed half-way."""
    if POLICY.exists() and not SAVED.exists():
        POLICY.rename(SAVED)
    POLICY.write_text(
        f"#!/bin/sh\n# written by tidegate's lab while it installs packages; may be deleted\n"
        f"[ -d /proc/{os.getpid()} ] && exit 101\n"
        f'[ ! -x {SAVED} ] || exec {SAVED} "$@"\n'
    )
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
        if SAVED.exists():
            SAVED.rename(POLICY)


def _install(packages: list[str]) -> None:
    env = {**os.environ, "PATH": search_path(), "DEBIAN_FRONTEND": "noninteractive"}
    # A source that cannot be reached need not be the one that has these packages: the installation decides.
    subprocess.run(["apt-get", "update", "-q"], env=env, check=False, capture_output=True)
    command = ["apt-get", "install", "-qy", "--no-install-recommends", *packages]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingToolsError(
            f"`{' '.join(command)}` failed; try it by hand:\n{done.stderr.strip()[-2000:]}"
        )


def _disable(services: list[str]) -> None:
    """Keep services that came with these packages from the next boot; called for new packages only."""
    if shutil.which("systemctl"):
        for service in services:
            subprocess.run(["systemctl", "disable", "--quiet", service], check=False, capture_output=True)


def _sentence(lacking: Sequence[Tool]) -> str:
    listed = "; ".join(f"{tool.program} ({tool.purpose}; Debian package {tool.package})" for tool in lacking)
    packages = " ".join(sorted({tool.package for tool in lacking}))
    return f"missing: {listed}. As root: apt-get install --no-install-recommends {packages}"
