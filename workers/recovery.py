"""At start: every journalled attempt without a final report goes through its handler again; handlers converge."""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable

from tasks.reports import Finished
from workers.errors import LeftForRecovery
from workers.journal import Entry, Journal
from workers.runner import Runner

log = logging.getLogger("tidegate.worker")

Ended = Callable[[Entry, Finished], None]


def recover(
    journal: Journal, runner: Runner, ended: Ended = lambda _entry, _finished: None
) -> tuple[threading.Thread, ...]:
    """Take up what was left, in threads that are returned.

    When this returns, each of these steps has its turn: an order that comes now waits until the old one is settled.
    `ended` is told how each ended.
    """
    groups: dict[int, tuple[threading.Lock, list[Entry]]] = {}
    for entry in journal.unfinished():
        lock = runner.turn(entry)
        groups.setdefault(id(lock), (lock, []))[1].append(entry)
    threads = []
    for lock, entries in groups.values():
        lock.acquire()
        thread = threading.Thread(
            target=_settle, args=(runner, lock, entries, ended), name="recovery", daemon=True
        )
        thread.start()
        threads.append(thread)
    return tuple(threads)


def _settle(runner: Runner, lock: threading.Lock, entries: Iterable[Entry], ended: Ended) -> None:
    try:
        for entry in entries:
            log.info("going on with %s (%s)", entry.attempt, entry.phase or entry.state)
            finished = runner.run(entry, has_turn=True, resumed=True)
            log.info("%s ended: %s", entry.attempt, finished.outcome)
            ended(entry, finished)
    except LeftForRecovery:
        log.info("left for the next start of the worker")
    except sqlite3.Error:
        log.exception("the journal cannot be used; left for the next start of the worker")
    finally:
        lock.release()
