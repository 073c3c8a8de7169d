"""redis:7-alpine: Debian's redis-server behind the usual entry point."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.lab.tree import Tree

NAME = "redis:7-alpine"
ENTRYPOINT = Path(__file__).with_name("redis_entrypoint.sh")
CONFIG = {
    "Entrypoint": ["docker-entrypoint.sh"],
    "Cmd": ["redis-server"],
    "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    "ExposedPorts": {"6379/tcp": {}},
    "Volumes": {"/data": {}},
    "WorkingDir": "/data",
}


def ingredients() -> list[Path]:
    return [Path(__file__), ENTRYPOINT, Path(_server())]


def grow(tree: Tree) -> None:
    tree.program(_server(), "/usr/local/bin/redis-server")
    tree.program(shutil.which("redis-cli") or "/usr/bin/redis-cli", "/usr/local/bin/redis-cli")
    tree.program("/usr/bin/setpriv")
    tree.write("/usr/local/bin/docker-entrypoint.sh", ENTRYPOINT.read_text(), 0o755)
    tree.busybox()
    tree.accounts(("redis", 999, "/data"))
    tree.folder("/data")


def _server() -> str:
    return shutil.which("redis-server") or "/usr/bin/redis-server"
