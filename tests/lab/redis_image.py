"""redis:7-alpine: Debian's redis-server; protected mode is off, as the official image is built."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.lab.tree import Tree

NAME = "redis:7-alpine"
CONFIG = {
    "Entrypoint": ["redis-server", "--protected-mode", "no", "--dir", "/data"],
    "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    "ExposedPorts": {"6379/tcp": {}},
    "Volumes": {"/data": {}},
    "WorkingDir": "/data",
}


def ingredients() -> list[Path]:
    return [Path(__file__), Path(_server())]


def grow(tree: Tree) -> None:
    tree.program(_server(), "/usr/local/bin/redis-server")
    tree.program(shutil.which("redis-cli") or "/usr/bin/redis-cli", "/usr/local/bin/redis-cli")
    tree.busybox()
    tree.accounts()
    tree.folder("/data")


def _server() -> str:
    return shutil.which("redis-server") or "/usr/bin/redis-server"
