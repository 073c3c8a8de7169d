"""Joining: say `join` until the coordinator says `welcome`."""

import logging
import threading
from importlib.metadata import version

from tasks.joining import JoinFile, join_request
from tasks.keys import HostKeys
from tasks.publishing import BrokerUnavailable
from workers.reporter import Post

AGAIN_FIRST, AGAIN_LAST = 2.0, 30.0  # seconds between two joins
LOOK = 0.1  # seconds; how soon a welcome or a stop is noticed

log = logging.getLogger("tidegate.worker")


def join(
    file: JoinFile, keys: HostKeys, post: Post, welcomed: threading.Event, stop: threading.Event
) -> bool:
    """Send `join` until welcomed; False when the worker was stopped before."""
    request = join_request(file, keys, version("tidegate"))
    pause = AGAIN_FIRST
    while not stop.is_set():
        try:
            post.send("join", request)
            log.info("asked to join as %s; waiting for the coordinator", file.host)
        except BrokerUnavailable as error:
            log.warning("%s", error)
        if _waited(pause, welcomed, stop):
            return welcomed.is_set()
        pause = min(pause * 2, AGAIN_LAST)
    return False


def _waited(seconds: float, welcomed: threading.Event, stop: threading.Event) -> bool:
    """Wait up to `seconds`; True when there is nothing left to wait for."""
    return any(welcomed.wait(LOOK) or stop.is_set() for _ in range(int(seconds / LOOK)))
