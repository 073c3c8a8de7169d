"""busybox:stable: Debian's busybox-static alone."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.lab.tree import Tree

NAME = "busybox:stable"
CONFIG = {"Cmd": ["sh"], "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}


def ingredients() -> list[Path]:
    return [Path(__file__), Path(shutil.which("busybox") or "/bin/busybox")]


def grow(tree: Tree) -> None:
    tree.busybox()
    tree.accounts(("www-data", 33, "/home"))
