"""Starting programs inside the lab's namespaces, marked so that `down` finds each of them."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from tests.lab.layout import Layout
from tests.lab.processes import MARK, Process

Stream = IO[bytes] | int | None


def search_path() -> str:
    """Return PATH with the administrator's folders, which a root shell made by plain `su` lacks."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def command(layout: Layout, where: str, argv: Sequence[str]) -> list[str]:
    """Return the command that becomes `argv` inside a namespace (nsenter execs, so the pid is the program's)."""
    return ["nsenter", f"--net={layout.handle(where)}", "--", *argv]


def environment(layout: Layout, extra: Mapping[str, str] | None, *, clean: bool = False) -> dict[str, str]:
    """Return this process's environment with the lab's mark; `clean` keeps only PATH (no proxies, no settings)."""
    inherited = {} if clean else dict(os.environ)
    return {**inherited, "PATH": search_path(), **(extra or {}), MARK: layout.mark}


def start_daemon(layout: Layout, where: str, argv: Sequence[str], folder: Path) -> Process:
    """Start a server that outlives this process: log in `folder`/log, record in `folder`/process.json."""
    with (folder / "log").open("ab") as log:
        child = subprocess.Popen(
            command(layout, where, argv),
            env=environment(layout, {"HOME": str(folder)}, clean=True),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            start_new_session=True,  # an interrupt typed at the terminal is for the person's program alone
        )
    process = Process.of(child.pid) or Process(child.pid, 0)
    process.record(folder / "process.json")
    child.returncode = 0  # it is not ours to wait for: otherwise Popen warns that a child still runs
    return process


def reap(process: Process) -> None:
    """Take the exit code of a dead daemon if this process is its parent, so that no zombie stays."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
