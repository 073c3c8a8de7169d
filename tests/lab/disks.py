"""Small file systems of their own, and what is mounted below a folder."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path


def small_disk(folder: Path, size: str, name: str | None = None) -> Path:
    """Mount a tmpfs of `size` (such as `16m`) on a new folder below `folder` and return it."""
    place = folder / name if name else Path(tempfile.mkdtemp(prefix="disk-", dir=folder))
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(place)], check=True)
    return place


def mounts_below(folder: Path) -> list[Path]:
    """Return the mount points below a folder, the innermost first."""
    points = [
        Path(_decoded(line.split()[4])) for line in Path("/proc/self/mountinfo").read_text().splitlines()
    ]
    return [point for point in reversed(points) if point.is_relative_to(folder)]


def unmount_below(folder: Path) -> None:
    """Unmount all below a folder, also what is still in use."""
    for point in mounts_below(folder):
        subprocess.run(["umount", "--lazy", str(point)], check=False, capture_output=True)


def _decoded(text: str) -> str:
    return text.encode().decode("unicode_escape")  # a space is written as \\040
