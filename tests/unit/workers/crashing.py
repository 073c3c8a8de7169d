"""A worker that is killed at a chosen engine call: `TIDEGATE_CRASH_AT=after:stop:1` in the environment.

Started by tests as `python -m tests.unit.workers.crashing ARGUMENTS OF THE WORKER`; no part of the product.
"""

import logging
import os
import signal
import sys
from collections import Counter

from workers.__main__ import settings
from workers.agent import run
from workers.docker.engine import DockerEngine


class CrashingEngine:
    """A real engine; the process dies before or after the n-th call of one method."""

    def __init__(self, url, point):
        self._real = DockerEngine(url)
        self._when, self._method, number = point.split(":")
        self._number = int(number)
        self._calls = Counter()

    def __getattr__(self, name):
        method = getattr(self._real, name)
        if name != self._method:
            return method

        def called(*args, **named):
            self._calls[name] += 1
            if self._calls[name] == self._number and self._when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            answer = method(*args, **named)
            if self._calls[name] == self._number:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return called


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    point = os.environ["TIDEGATE_CRASH_AT"]
    sys.exit(run(settings(sys.argv[1:])[0], connect=lambda url: CrashingEngine(url, point)))
