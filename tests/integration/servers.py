"""A real PostgreSQL server for tests, started and stopped by them. Nothing of it survives the session."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg

from tests.integration.transport.waiting import wait_until

FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


def postgres_programs():
    """Return the folder of initdb and postgres, None where no PostgreSQL is installed."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = shutil.which("initdb") or (str(debian[-1]) if debian else None)
    return Path(found).resolve().parent if found else None


class Postgres:
    """One server on a loopback port of its own. It refuses to run as root, so root hands it to `postgres`."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="tidegate-postgres-", dir="/tmp"))
        self.port = _free_port()
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self._process = None
        self._made = 0

    def start(self) -> None:
        if self._as:
            shutil.chown(self.folder, "postgres")
        data = self.folder / "data"
        initdb = [
            self.programs / "initdb",
            "-D",
            data,
            "-U",
            "tidegate",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        ]
        subprocess.run([*self._as, *initdb, "--no-sync"], check=True, capture_output=True, cwd="/")
        settings = [part for setting in FAST for part in ("-c", setting)]
        place = ["-D", data, "-p", str(self.port), "-h", "127.0.0.1", "-k", self.folder]
        with (self.folder / "log").open("w") as log:
            command = [*self._as, self.programs / "postgres", *place, *settings]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        wait_until(self._answers, "PostgreSQL answers")

    def stop(self) -> None:
        if self._process is not None:
            halt = [self.programs / "pg_ctl", "stop", "-D", self.folder / "data", "-m", "immediate"]
            subprocess.run([*self._as, *halt], check=False, capture_output=True, cwd="/")
            self._process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self, template: str = "template1") -> str:
        """Make an empty database, or a copy of `template`, and return its URL."""
        self._made += 1
        name = f"t{self._made}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        self.run(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def url(self, name: str) -> str:
        return f"postgresql://tidegate@127.0.0.1:{self.port}/{name}"

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _answers(self) -> bool:
        try:
            self.run("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
