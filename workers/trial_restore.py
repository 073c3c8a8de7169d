"""A dump is worth what its restore is worth: tried in a throw-away container of the same image, without network."""

from pathlib import Path

from tasks import clock
from workers import postgres
from workers.backups import Backup
from workers.context import Context
from workers.docker.failures import short
from workers.docker.specs import ContainerSpec
from workers.errors import StepFailed

READY_WITHIN = 120.0  # seconds that the throw-away database may take to come up
LOOK_EVERY = 0.3
INSIDE = "tidegate.dump"  # the dump's name in /tmp of the throw-away container
SUFFIX = ".test-restore"


class TrialRestore:
    """One restore of one dump; the container is removed however it ends, and by the next run after a crash."""

    def __init__(self, context: Context, backup: Backup, dump: Path) -> None:
        self._context = context
        self._engine = context.engine
        self._backup = backup
        self._dump = dump
        self._name = f"{context.placement.one_off}{SUFFIX}"

    def run(self) -> int:
        """Return how many tables were restored; raises StepFailed (`restore_failed`)."""
        self._remove()  # of an earlier run
        try:
            container = self._engine.create(self._spec(), self._name, offline=True)
            self._engine.put_file(container, self._dump, "/tmp", INSIDE)  # noqa: S108 - in the container
            self._engine.start(container)
            self._await_ready(container)
            self._must(container, postgres.create_database(), "creating a database")
            self._must(container, postgres.restore(f"/tmp/{INSIDE}"), "restoring the dump")  # noqa: S108 - as above
            command = postgres.count_tables(postgres.RESTORE_USER, postgres.RESTORE_DATABASE)
            return int(self._must(container, command, "counting the tables"))
        finally:
            self._remove()

    def _spec(self) -> ContainerSpec:
        """Nobody can reach it: it has no network, and trusts whoever is inside."""
        return ContainerSpec(
            image=self._backup.image,
            labels=self._context.placement.labels("test-restore"),
            env={"POSTGRES_HOST_AUTH_METHOD": "trust", "POSTGRES_USER": postgres.RESTORE_USER},
        )

    def _await_ready(self, container: str) -> None:
        end = clock.monotonic() + READY_WITHIN
        while True:
            found = self._engine.find(container)
            if found is None or not found.running or clock.monotonic() > end:
                last = " / ".join(self._engine.tail(container, 3))
                raise _failed(f"the throw-away database did not come up ({short(last)})")
            if not self._engine.run(container, postgres.ready(), self._context.check).exit_code:
                return
            self._context.wait(LOOK_EVERY)

    def _must(self, container: str, command: tuple[str, ...], doing: str) -> str:
        ran = self._engine.run(container, command, self._context.check)
        if ran.exit_code:
            raise _failed(f"{doing} ended with exit code {ran.exit_code}: {short(ran.output)}")
        return ran.output

    def _remove(self) -> None:
        self._engine.remove(self._name, force=True)


def _failed(why: str) -> StepFailed:
    return StepFailed(
        "restore_failed",
        f"the dump was written, but restoring it as a test failed: {why}",
        hint="do not count on this backup; look at the dump's file and at the extensions that the image has",
        retryable=True,
    )
