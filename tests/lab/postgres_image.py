"""postgres:16-alpine: Debian's PostgreSQL (of whichever version) without its compiler, behind the usual entry point."""

from __future__ import annotations

from pathlib import Path

from tests.lab.tree import Tree, newest

NAME = "postgres:16-alpine"
ENTRYPOINT = Path(__file__).with_name("postgres_entrypoint.sh")
PROGRAMS = (
    *("postgres", "initdb", "pg_ctl", "pg_isready", "psql"),
    *("pg_dump", "pg_dumpall", "pg_restore", "createdb", "dropdb"),
)
CONFIG = {
    "Entrypoint": ["docker-entrypoint.sh"],
    "Cmd": ["postgres"],
    "Env": [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG=C.UTF-8",
        "PGDATA=/var/lib/postgresql/data",
    ],
    "ExposedPorts": {"5432/tcp": {}},
    "Volumes": {"/var/lib/postgresql/data": {}},
    "StopSignal": "SIGINT",
}


def ingredients() -> list[Path]:
    return [Path(__file__), ENTRYPOINT, _binaries() / "postgres"]


def grow(tree: Tree) -> None:
    binaries = _binaries()
    version = binaries.parent.name
    for name in PROGRAMS:
        tree.program(binaries / name)
        tree.link(f"/usr/local/bin/{name}", str(binaries / name))
    for library in sorted(binaries.parent.glob("lib/*.so")):
        if not library.name.startswith("llvmjit"):
            tree.program(library)
    tree.copy(f"/usr/share/postgresql/{version}")
    tree.copy("/usr/share/zoneinfo")
    tree.copy("/usr/lib/locale/C.utf8")
    tree.program("/usr/bin/setpriv")
    tree.write("/usr/local/bin/docker-entrypoint.sh", ENTRYPOINT.read_text(), 0o755)
    tree.busybox()
    tree.accounts(("postgres", 70, "/var/lib/postgresql"))
    tree.folder("/docker-entrypoint-initdb.d")
    tree.folder("/var/run/postgresql", 0o1777)
    tree.folder("/var/lib/postgresql/data")


def _binaries() -> Path:
    return newest("/usr/lib/postgresql/*/bin/postgres").parent
