"""python:3.12-slim: the Python that runs this, with pip and the machine's certificates, on glibc and busybox.

Of whichever version it is; what `RUN` and `pip` need of a Debian is there, a Debian is not.
"""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import sysconfig
from pathlib import Path

import pip

from tests.lab.tree import Tree, libraries

NAME = "python:3.12-slim"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
LEFT_OUT = {
    *("site-packages", "dist-packages", "EXTERNALLY-MANAGED"),  # what this machine has installed, and forbids
    *("config-3*", "test", "idlelib", "tkinter", "__pycache__"),
}
BESIDES = (
    *("libpthread.so.0", "librt.so.1", "libdl.so.2", "libutil.so.1", "libresolv.so.2"),
    *("libnss_dns.so.2", "libnss_files.so.2", "libgcc_s.so.1", "libstdc++.so.6"),
)
PROGRAM = Path(os.path.realpath(sys.executable))  # not the one of a virtual environment
CONFIG = {
    "Cmd": ["python3"],
    "Env": [
        f"PATH=/usr/local/bin:/usr/local/sbin:{PROGRAM.parent}:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG=C.UTF-8",
        f"SSL_CERT_FILE={CERTIFICATES}",
        f"PIP_CERT={CERTIFICATES}",
    ],
}


def ingredients() -> list[Path]:
    return [Path(__file__), PROGRAM, Path(pip.__file__)]


def grow(tree: Tree) -> None:
    tree.program(PROGRAM)
    for name in ("python", "python3"):
        tree.link(f"/usr/local/bin/{name}", str(PROGRAM))
    _standard_library(tree)
    _pip(tree)
    for library in _c_libraries():
        tree.copy(library)
    tree.copy(Path(ssl.get_default_verify_paths().cafile or CERTIFICATES).resolve(), CERTIFICATES)
    tree.copy("/usr/share/zoneinfo")
    tree.busybox()
    tree.accounts()
    tree.folder("/var/lib")


def _standard_library(tree: Tree) -> None:
    folder = Path(sysconfig.get_path("stdlib"))
    tree.copy_but(folder, LEFT_OUT)
    for extension in folder.glob("lib-dynload/*.so"):
        for library in libraries(extension):
            tree.copy(library)


def _pip(tree: Tree) -> None:
    """Put pip where this interpreter looks for packages, which Debian decides for itself."""
    asked = "import site; print(site.getsitepackages()[0])"
    place = subprocess.run([PROGRAM, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()
    tree.copy_but(Path(pip.__file__).parent, LEFT_OUT, f"{place}/pip")
    tree.write("/usr/local/bin/pip", '#!/bin/sh\nexec python3 -m pip "$@"\n', 0o755)


def _c_libraries() -> list[Path]:
    """What wheels and name resolution load besides; they lie beside the C library."""
    home = next(each.parent for each in libraries(PROGRAM) if each.name == "libc.so.6")
    folders = (home, Path("/usr") / home.relative_to("/"))
    found = [next((f / name for f in folders if (f / name).exists()), None) for name in BESIDES]
    return [path for path in found if path]
