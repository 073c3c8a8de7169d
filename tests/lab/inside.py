"""Running Python code of this very process inside a network namespace."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from tests.lab.errors import LabError

CLONE_NEWNET = 0x40000000
P = ParamSpec("P")
T = TypeVar("T")


def enter(handle: Path) -> None:
    """Move the *calling thread* into a network namespace; sockets it makes from now on belong to it."""
    file = os.open(handle, os.O_RDONLY)
    try:
        libc = ctypes.CDLL(None, use_errno=True)  # os.setns came with Python 3.12
        if libc.setns(file, CLONE_NEWNET):
            raise LabError(f"cannot enter {handle}: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(file)


class Inside:
    """A few threads that live in a namespace; the rest of the process stays where it is.

    A socket belongs to the namespace of the thread that made it, for ever: a client with a pool of
    connections must be used through `call` only.
    """

    def __init__(self, handle: Path, threads: int = 1) -> None:
        self._threads = ThreadPoolExecutor(
            threads, f"in-{handle.name}", initializer=enter, initargs=(handle,)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function inside and return (or raise) what it gives."""
        return self.submit(function, *args, **kwargs).result()

    def submit(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return self._threads.submit(function, *args, **kwargs)

    def close(self) -> None:
        self._threads.shutdown()
