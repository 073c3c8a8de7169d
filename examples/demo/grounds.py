"""Which place this machine can offer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import docker
from docker.errors import DockerException

from examples.demo.errors import DemoError
from examples.demo.ground import Ground
from examples.demo.lab_ground import LabGround
from examples.demo.one_engine import OneEngine
from tests.lab import why_not_here


def choose(*, one_engine: bool) -> Ground:
    """Return four lab hosts where they can be, else the one engine that is here; DemoError when there is neither."""
    reason = why_not_here()
    if reason is None and not one_engine:
        return LabGround()
    tried = list(sockets())
    for url in tried:
        client = _answering(url)
        if client:
            return OneEngine(client, url, "you asked for one engine" if one_engine else str(reason))
    lab = f"four lab hosts cannot be here: {reason}; and " if reason else ""
    raise DemoError(
        f"{lab}no Docker engine answers at {' or '.join(tried)}. Start Docker; if it runs elsewhere, set DOCKER_HOST; "
        "if it refuses you, add yourself to the group docker."
    )


def sockets() -> Iterator[str]:
    """Give the addresses where an engine may be: what DOCKER_HOST says, or the usual ones."""
    if given := os.environ.get("DOCKER_HOST"):
        yield given
        return
    yield "unix:///var/run/docker.sock"
    rootless, desktop = os.environ.get("XDG_RUNTIME_DIR"), Path.home() / ".docker/run/docker.sock"
    if rootless and Path(rootless, "docker.sock").exists():
        yield f"unix://{rootless}/docker.sock"
    if desktop.exists():
        yield f"unix://{desktop}"


def _answering(url: str) -> docker.DockerClient | None:
    try:
        client = docker.DockerClient(base_url=url, timeout=60)
        client.ping()
    except (DockerException, OSError):
        return None
    return client
