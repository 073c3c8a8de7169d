"""backup_database: a dump that is kept, measured, and restored as a test."""

from typing import Annotated, Literal

from config.expectations import OneOf, shaped
from config.names import Flag, PositiveCount
from config.steps.containers import DockerName
from config.steps.parameters import StepParameters

DatabaseName = Annotated[
    str,
    shaped(
        r"[A-Za-z_][A-Za-z0-9_$.-]*", "a name of letters, digits, _, $, . and -, such as shop", longest=63
    ),
]


class BackupDatabase(StepParameters):
    """Dumps the database of a running container into a file on the host."""

    engine: Annotated[Literal["postgres"], OneOf({})]
    container: DockerName
    database: DatabaseName
    user: DatabaseName = "postgres"
    keep: PositiveCount = 7
    """Backups of this database that stay on the host, this one included."""
    test_restore: Flag = True
    """Whether the dump is restored in a throw-away container of the same image, without network."""
