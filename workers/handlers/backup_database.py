"""backup_database: a dump from the running database, kept as a file, measured, and restored as a test."""

from dataclasses import asdict, replace
from datetime import datetime

from pydantic import JsonValue

from config.steps.backup_database import BackupDatabase
from tasks import clock
from workers import postgres
from workers.backups import Backup, Part, Shelf
from workers.context import Context
from workers.docker.failures import short
from workers.docker.port import Container
from workers.docker.specs import file_name
from workers.errors import Cancelled, StepFailed
from workers.trial_restore import TrialRestore

DUMPING = "dumping"  # phases
DUMPED = "dumped"
RESTORING = "restoring the dump as a test"
_COMPLAINT = 2000  # characters of what a failing command said


class Handler:
    """Dump, keep, restore as a test, remove what is too old. After a crash: a finished dump is kept, a part is not."""

    def run(self, parameters: BackupDatabase, context: Context) -> dict[str, JsonValue]:
        """Return the backup's metadata: id, size (bytes), sha256, seconds, restored, tables, ..., file."""
        shelf = Shelf(context.state_dir, context.project, context.environment)
        name = file_name(context.attempt)
        backup = shelf.find(name) if context.phase in (DUMPED, RESTORING) else None
        if backup is None:
            backup = self._dumped(parameters, context, shelf, name)
            shelf.record(backup)
            context.note(DUMPED)
        if parameters.test_restore and backup.restored is None:
            context.note(RESTORING)
            backup = self._restored(context, shelf, backup)
        removed = shelf.keep(backup, parameters.keep)
        if removed:
            context.say(f"removed {len(removed)} older backups; {parameters.keep} are kept")
        context.observe(backup=backup.id, backup_sha256=backup.sha256)
        return {**asdict(backup), "file": str(shelf.dump_file(backup.id))}

    def _dumped(self, wanted: BackupDatabase, context: Context, shelf: Shelf, name: str) -> Backup:
        source = _running(context, wanted.container)
        pid_file = f"/tmp/tidegate-{name}.pid"  # noqa: S108 - in the database's container, named by the attempt
        quiet = context.undoing()
        context.engine.run(source.id, postgres.kill(pid_file), quiet.check)  # left by a crash
        context.note(DUMPING)
        context.say(f"dumping {wanted.database} from {wanted.container}")
        began, at = clock.monotonic(), clock.now()
        try:
            with shelf.writing(name) as part:
                self._dump(wanted, context, source, part, pid_file)
        except (Cancelled, StepFailed):
            context.engine.run(source.id, postgres.kill(pid_file), quiet.check)
            raise
        seconds = round(clock.monotonic() - began, 3)
        context.say(f"dumped {part.size} bytes in {seconds} s, sha256 {part.sha256}")
        return _described(wanted, context, source, name, part, at, seconds)

    def _dump(
        self, wanted: BackupDatabase, context: Context, source: Container, part: Part, pid_file: str
    ) -> None:
        complaint: list[str] = []

        def sink(stream: str, chunk: bytes) -> None:
            if stream == "stdout":
                part.add(chunk)
                context.progress(part.size, None, "bytes", "dumped")
                return
            text = chunk.decode(errors="replace")
            complaint.append(text)
            for line in text.splitlines():
                context.log("stderr", line)

        seconds = int(context.deadline - clock.monotonic()) + 1
        command = postgres.recorded(postgres.dump(wanted.user, wanted.database), pid_file, seconds)
        code = context.engine.stream(source.id, command, sink, context.check)
        context.engine.run(source.id, ("rm", "-f", pid_file), context.undoing().check)
        if code or not part.size:
            said = short("".join(complaint)[-_COMPLAINT:]) or "it said nothing"
            raise StepFailed(
                "dump_failed",
                f"pg_dump of {wanted.database} in {wanted.container} ended with exit code {code}: {said}",
                hint="check the database's name, the user and the free space in the database's container",
                retryable=True,
            )

    def _restored(self, context: Context, shelf: Shelf, backup: Backup) -> Backup:
        """Return the backup with the test's result; raises StepFailed when it does not restore, and keeps the file."""
        began = clock.monotonic()
        try:
            tables = TrialRestore(context, backup, shelf.dump_file(backup.id)).run()
        except StepFailed:
            shelf.record(replace(backup, restored=False))
            raise
        context.say(f"restored as a test in {clock.monotonic() - began:.1f} s: {tables} tables")
        tested = replace(backup, restored=True, tables=tables)
        shelf.record(tested)
        return tested


def _running(context: Context, name: str) -> Container:
    found = context.engine.find(name)
    if found is None:
        raise StepFailed(
            "container_unknown",
            f"there is no container {name} on {context.host}",
            hint="name the database's container (docker ps), and check that the step runs on its host",
        )
    if not found.running:
        raise StepFailed(
            "container_stopped",
            f"the database's container {name} is not running (it is {found.status})",
            hint="start it, then retry",
            retryable=True,
        )
    return found


def _described(  # noqa: PLR0917 - what there is to know about a backup
    wanted: BackupDatabase,
    context: Context,
    source: Container,
    name: str,
    part: Part,
    at: datetime,
    seconds: float,
) -> Backup:
    return Backup(
        id=name,
        project=context.project,
        environment=context.environment,
        step=context.step,
        container=wanted.container,
        database=wanted.database,
        image=source.image_id,
        taken_at=at.isoformat(),
        seconds=seconds,
        size=part.size,
        sha256=part.sha256,
    )
