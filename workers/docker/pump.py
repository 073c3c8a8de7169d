"""Reading from an engine without being at its mercy: a blocked read ends when the step must end."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from workers.docker.port import Check

T = TypeVar("T")

CHECK_EVERY = 0.25  # seconds between two looks at whether the step was cancelled
_CHUNKS = 64  # read ahead of the consumer at most; a slow disk slows the sender down


class _Over:
    """One source has ended, with what it raised."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error


class Pump(Generic[T]):
    """Reads blocking sources in threads of its own and yields what they give, calling `check` in between.

    `close` cuts the connections, so that the blocked reads end; it is called when the consumer leaves, however
    it leaves. An error of a source is raised to the consumer, unless `close` caused it.
    """

    def __init__(self, sources: Iterable[Callable[[], Iterable[T]]], close: Callable[[], None]) -> None:
        self._queue: queue.Queue[T | _Over] = queue.Queue(_CHUNKS)
        self._close = close
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(target=self._read, args=(source,), daemon=True, name="engine-stream")
            for source in sources
        ]

    def items(self, check: Check) -> Iterator[T]:
        """Yield until every source has ended; raises what `check` or a source raises."""
        for thread in self._threads:
            thread.start()
        left = len(self._threads)
        try:
            while left:
                check()
                try:
                    item = self._queue.get(timeout=CHECK_EVERY)
                except queue.Empty:
                    continue
                if not isinstance(item, _Over):
                    yield item
                    continue
                left -= 1
                if item.error is not None:
                    raise item.error
        finally:
            self._closed.set()
            self._close()

    def _read(self, source: Callable[[], Iterable[T]]) -> None:
        error: Exception | None = None
        try:
            for item in source():
                if not self._give(item):
                    return
        except Exception as raised:  # noqa: BLE001 - carried to the consumer, whatever it is
            error = raised
        self._give(_Over(error))

    def _give(self, item: T | _Over) -> bool:
        """Hand over, waiting for room; False when the consumer has left."""
        while not self._closed.is_set():
            try:
                self._queue.put(item, timeout=CHECK_EVERY)
            except queue.Full:
                continue
            return True
        return False
