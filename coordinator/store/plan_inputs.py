"""What a plan is made from besides hosts and secrets: the release as a value, and who can carry it out."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from config.process import load_process
from config.steps.parameters import StepParameters
from coordinator.domain.plan import Release
from coordinator.store.tables import hosts, releases


def release(
    tx: Connection, project: str, version: str, parameters: Mapping[str, type[StepParameters]]
) -> Release | None:
    """Return the release as a value; its process is read from the text that was snapshot with it."""
    own = (releases.c.project == project, releases.c.version == version)
    found = tx.execute(select(releases).where(*own)).mappings().first()
    if found is None:
        return None
    return Release(
        project=project,
        version=version,
        process=load_process(found["source"], parameters),
        images=found["images"],
        secrets=found["secrets"],
    )


def not_joined(tx: Connection, names: Iterable[str]) -> list[str]:
    """Return those hosts that have no worker yet, in the order given."""
    joined = set(tx.execute(select(hosts.c.name).where(hosts.c.joined_at.is_not(None))).scalars())
    return [name for name in names if name not in joined]
