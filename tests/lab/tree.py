"""A root file system in the making, filled from this machine's installed packages."""

from __future__ import annotations

import glob
import io
import re
import shutil
import subprocess
import tarfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from tests.lab.errors import LabError


@dataclass(frozen=True)
class Tree:
    root: Path

    def at(self, path: str) -> Path:
        """Return where an absolute path of the image lies on this machine; its parents are made."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        place = self.at(path)
        place.write_text(text)
        place.chmod(mode)

    def folder(self, path: str, mode: int = 0o755) -> None:
        place = self.at(path)
        place.mkdir(exist_ok=True)
        place.chmod(mode)

    def link(self, path: str, target: str) -> None:
        self.at(path).symlink_to(target)

    def copy(self, path: str | Path, to: str | None = None) -> None:
        """Copy a file or folder of this machine, links followed."""
        source, place = Path(path), self.at(to or str(path))
        if source.is_dir():
            shutil.copytree(source, place, dirs_exist_ok=True)
        elif not place.exists():
            shutil.copy2(source, place)

    def copy_but(self, path: str | Path, left_out: Collection[str], to: str | None = None) -> None:
        """Copy a folder of this machine without whatever has one of these names, links kept."""
        place = self.at(to or str(path))
        ignore = shutil.ignore_patterns(*left_out)
        shutil.copytree(path, place, symlinks=True, ignore=ignore, dirs_exist_ok=True)

    def program(self, path: str | Path, to: str | None = None) -> None:
        """Copy a program and all shared libraries that it loads, each to where it lies on this machine."""
        self.copy(path, to)
        for library in libraries(Path(path)):
            self.copy(library)

    def busybox(self) -> None:
        """Put in the static busybox with a link for each of its applets that the image lacks."""
        source = shutil.which("busybox") or "/bin/busybox"
        self.copy(source, "/bin/busybox")
        listed = subprocess.run([source, "--list"], capture_output=True, text=True, check=True).stdout.split()
        for applet in listed:
            if applet != "busybox" and not self.at(f"/bin/{applet}").exists():
                self.link(f"/bin/{applet}", "busybox")
        for path in ("/etc", "/root", "/usr/bin", "/usr/sbin", "/var/run"):
            self.folder(path)
        self.folder("/tmp", 0o1777)  # noqa: S108  - the image's, not this machine's

    def accounts(self, *names_and_ids: tuple[str, int, str]) -> None:
        """Write /etc/passwd and /etc/group: root, nobody, and the given (name, id, home)."""
        listed = (("root", 0, "/root"), *names_and_ids, ("nobody", 65534, "/"))
        self.write("/etc/passwd", "".join(f"{n}:x:{i}:{i}:{n}:{home}:/bin/sh\n" for n, i, home in listed))
        self.write("/etc/group", "".join(f"{n}:x:{i}:\n" for n, i, _ in listed))


def libraries(program: Path) -> list[Path]:
    """Return the shared libraries a program loads, its loader included, as `ldd` finds them."""
    told = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    if "not found" in told:
        raise LabError(f"{program} lacks a library: {told.strip()}; reinstall the package it belongs to")
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", told)]


def newest(pattern: str) -> Path:
    """Return the last path that matches, versions compared as numbers."""
    found = sorted(glob.glob(pattern), key=lambda path: [int(n) for n in re.findall(r"\d+", path)])  # noqa: PTH207  - patterns are absolute
    if not found:
        raise LabError(f"nothing on this machine matches {pattern}; run `python -m tests.lab tools`")
    return Path(found[-1])


def pack(tree: Tree) -> bytes:
    """Return the tree as a tar: everything root's, sorted, without times, so that equal trees are equal bytes."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return entry

    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for path in sorted(tree.root.rglob("*")):
            archive.add(path, str(path.relative_to(tree.root)), recursive=False, filter=plain)
    return target.getvalue()
