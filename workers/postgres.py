"""PostgreSQL's commands as values, for an engine's exec: nothing here runs anything.

Docker cannot end an exec. So a long command records its pid in the container, runs under `timeout`, and a second
short command kills it by that pid.
"""

from collections.abc import Sequence

RESTORE_DATABASE = "tidegate_restore"
RESTORE_USER = "postgres"
TABLES = (
    "select count(*) from information_schema.tables"
    " where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')"
)


def recorded(command: Sequence[str], pid_file: str, seconds: int) -> tuple[str, ...]:
    """Return the command under `timeout`, with its pid in a file of the container while it runs."""
    script = 'echo $$ > "$1"; shift; exec timeout -s TERM "$@"'
    return ("sh", "-c", script, "tidegate", pid_file, str(max(seconds, 1)), *command)


def kill(pid_file: str) -> tuple[str, ...]:
    """Return the command that ends a recorded one, if it still runs; it always succeeds."""
    script = (
        'test -f "$1" && pid=$(cat "$1")'
        ' && tr "\\0" " " < /proc/$pid/cmdline | grep -qE "timeout|pg_dump" && kill $pid;'
        ' rm -f "$1"; true'
    )
    return ("sh", "-c", script, "tidegate", pid_file)


def dump(user: str, database: str) -> tuple[str, ...]:
    """Return the dump in PostgreSQL's own format, compressed, to standard output."""
    return ("pg_dump", "--format=custom", "--no-password", f"--username={user}", f"--dbname={database}")


def ready() -> tuple[str, ...]:
    """Ask over TCP: while the image sets its database up, it listens on the unix socket only."""
    return ("pg_isready", "--host=127.0.0.1", f"--username={RESTORE_USER}")


def create_database() -> tuple[str, ...]:
    return ("createdb", f"--username={RESTORE_USER}", "--host=127.0.0.1", RESTORE_DATABASE)


def restore(file: str) -> tuple[str, ...]:
    """Owners and rights are left out: their roles live in the cluster, not in the dump of one database."""
    return (
        "pg_restore",
        "--exit-on-error",
        "--no-owner",
        "--no-privileges",
        "--host=127.0.0.1",
        f"--username={RESTORE_USER}",
        f"--dbname={RESTORE_DATABASE}",
        file,
    )


def count_tables(user: str, database: str) -> tuple[str, ...]:
    return (
        "psql",
        f"--username={user}",
        f"--dbname={database}",
        "--no-align",
        "--tuples-only",
        f"--command={TABLES}",
    )
