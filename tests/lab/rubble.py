"""Taking a lab down from its record alone: works on a healthy lab, on a half-built one and on one long dead."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.lab import network
from tests.lab.disks import mounts_below, unmount_below
from tests.lab.engine import Engine
from tests.lab.errors import LabError
from tests.lab.layout import Layout
from tests.lab.processes import kill_all, marked
from tests.lab.registry import Registry
from tests.lab.waiting import wait_until

CGROUPS = Path("/sys/fs/cgroup")


def clear(layout: Layout) -> None:
    """End what the lab started and delete what it made, and nothing else. Once more does nothing."""
    if not layout.folder.exists():
        return
    engines = [Engine(layout, host) for host in layout.engines]
    with ThreadPoolExecutor(len(engines)) as threads:
        list(threads.map(_end, engines))
    Registry(layout).stop()
    kill_all(marked(layout.mark))
    unmount_below(layout.folder)
    network.delete(layout)
    _remove_cgroups(layout)
    _delete(layout.folder)


def clear_unrecorded(folder: Path) -> None:
    """Delete a lab's folder without a record: of an `up` that had started nothing, or a `down` that had ended all."""
    if folder.exists():
        _delete(folder)


def _delete(folder: Path) -> None:
    if left := mounts_below(folder):
        listed = ", ".join(map(str, left))
        raise LabError(f"still mounted: {listed}; unmount them, then take the lab down again")
    shutil.rmtree(folder)


def _end(engine: Engine) -> None:
    """Containers first: their shims outlive the engine otherwise."""
    engine.remove_containers()
    engine.stop(grace=10)
    engine.kill_remains()


def _remove_cgroups(layout: Layout) -> None:
    """Remove the control groups of containers whose runtime was killed (version 1 has one tree per controller)."""
    for top in (CGROUPS / layout.cgroup, *CGROUPS.glob(f"*/{layout.cgroup}")):
        for folder, _, _ in os.walk(top, topdown=False):
            wait_until(partial(_removed, Path(folder)), f"the kernel to let go of {folder}")


def _removed(cgroup: Path) -> bool:
    """Whether the group is gone; it is busy for a moment after its last process died."""
    with contextlib.suppress(FileNotFoundError):
        try:
            cgroup.rmdir()
        except OSError as error:
            if error.errno == errno.EBUSY:
                return False
            raise
    return True
