"""Processes by pid *and* start time, so that a pid that was given to another program is never touched."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.lab.waiting import DeadlineError, wait_until

MARK = "TIDEGATE_LAB"  # in the environment of all that a lab starts, and so of their children


@dataclass(frozen=True)
class Process:
    """One process of this boot: `started` is in clock ticks since boot, as /proc tells it."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """Return the living process with this pid; a zombie counts as dead."""
        state, _, started = _stat(pid)
        return None if state in ("", "Z", "X") else cls(pid, started)

    @classmethod
    def recorded(cls, file: Path) -> Process | None:
        """Return the process that `record` wrote, alive or not; None when there is no readable record."""
        try:
            return cls(**json.loads(file.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def record(self, file: Path) -> None:
        file.write_text(json.dumps({"pid": self.pid, "started": self.started}))

    @property
    def alive(self) -> bool:
        return Process.of(self.pid) == self

    @property
    def parent(self) -> int:
        return _stat(self.pid)[1]

    def send(self, number: signal.Signals) -> None:
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, seconds: float = 15.0) -> None:
        """Return when it is dead; DeadlineError after `seconds`."""
        wait_until(lambda: not self.alive, f"process {self.pid} to end", seconds)

    def kill(self) -> None:
        """End it with SIGKILL and wait until it is gone."""
        self.send(signal.SIGKILL)
        self.wait()

    def stop(self, grace: float = 10.0) -> None:
        """End it with SIGTERM, and with SIGKILL after `grace` seconds."""
        self.send(signal.SIGTERM)
        try:
            self.wait(grace)
        except DeadlineError:
            self.kill()


def kill_process(pid: int, number: signal.Signals = signal.SIGKILL, seconds: float = 15.0) -> None:
    """Send a signal and wait until the process is gone (a process that is gone already is fine)."""
    process = Process.of(pid)
    if process:
        process.send(number)
        process.wait(seconds)


def everything() -> list[Process]:
    """Return all living processes of this machine."""
    found = (Process.of(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [process for process in found if process]


def marked(mark: str) -> list[Process]:
    """Return the living processes whose environment carries a lab's mark: those it started, and their children."""
    wanted = f"{MARK}={mark}".encode()
    own = _own_line()
    return [p for p in everything() if p.pid not in own and wanted in _file(p.pid, "environ").split(b"\0")]


def mentioning(text: str) -> list[Process]:
    """Return the living processes whose command line contains `text`."""
    own = _own_line()
    return [p for p in everything() if p.pid not in own and text.encode() in _file(p.pid, "cmdline")]


def children(parents: Iterable[Process]) -> list[Process]:
    pids = {parent.pid for parent in parents}
    return [process for process in everything() if process.parent in pids]


def kill_all(processes: Iterable[Process]) -> None:
    """SIGKILL all of them, then wait for each."""
    listed = list(processes)
    for process in listed:
        process.send(signal.SIGKILL)
    for process in listed:
        process.wait()


def _own_line() -> set[int]:
    """Return this process and its ancestors: whoever takes the lab down must live to finish it."""
    line, pid = set[int](), os.getpid()
    while pid and pid not in line:
        line.add(pid)
        pid = _stat(pid)[1]
    return line


def _file(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:  # it ended meanwhile, or is a kernel thread
        return b""


def _stat(pid: int) -> tuple[str, int, int]:
    """Return (state, parent, start time); the state is empty when there is no such process."""
    fields = _file(pid, "stat").rpartition(b")")[2].split()
    return (fields[0].decode(), int(fields[1]), int(fields[19])) if fields else ("", 0, 0)
