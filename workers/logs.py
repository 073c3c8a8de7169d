"""Live output of one attempt: masked line by line, sent in batches, limited in sum."""

import json
import threading
from collections.abc import Callable
from datetime import datetime

from tasks import clock
from tasks.masking import Mask
from tasks.reports import Log, LogLine

BATCH_LINES = 200
BATCH_BYTES = 256 * 1024  # as JSON, which takes up to twelve for a character; a report may have 1 MiB
BATCH_SECONDS = 0.5
LONGEST_LINE = 16 * 1024  # characters; what is longer is cut
LIMIT = 32 * 1024 * 1024  # characters of one attempt; a program that shouts must not fill the host's disk


class LiveLog:
    """Collects lines until a batch is full or half a second old; safe to share between threads."""

    def __init__(self, mask: Mask, send: Callable[[Log], None]) -> None:
        self._mask = mask
        self._send = send
        self._lines: list[LogLine] = []
        self._size = 0
        self._total = 0
        self._guard = threading.RLock()
        self._timer: threading.Timer | None = None

    def add(self, stream: str, text: str, at: datetime | None = None) -> None:
        """Take one line in. It is masked before it is kept anywhere."""
        clean = self._mask.text(text)
        if len(clean) > LONGEST_LINE:
            clean = f"{clean[:LONGEST_LINE]}… ({len(clean) - LONGEST_LINE} more characters)"
        with self._guard:
            if self._total > LIMIT:
                return
            self._total += len(clean)
            if self._total > LIMIT:
                stream, clean = "tidegate", "the output is too long; from here on it is not kept"
            self._lines.append(LogLine(at=at or clock.now(), stream=stream, text=clean))
            self._size += len(json.dumps(clean))
            if len(self._lines) >= BATCH_LINES or self._size >= BATCH_BYTES:
                self.flush()
            elif self._timer is None:
                self._timer = threading.Timer(BATCH_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Send what is there; when this returns it is in the journal."""
        with self._guard:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self._lines:
                lines, self._lines, self._size = tuple(self._lines), [], 0
                self._send(Log(lines=lines))
