"""How a plan is shown before anything is done."""

from collections.abc import Iterator

from coordinator.cli.documents import Plan, PlannedStage
from coordinator.cli.screen import Block, Cell, Grid
from coordinator.cli.times import duration
from coordinator.cli.words import count, listed, shortened


def plan(found: Plan) -> Iterator[Block]:
    """Show stages in order, what each waits for, and what is worth knowing before it runs."""
    hosts = count(len(found["hosts"]), "host")
    yield f"{found['project']} {found['release']} to {found['environment']}: {hosts}, plan {found['hash'][:12]}"
    headings = ("stage", "does", "where", "waits for")
    yield Grid(headings, tuple(_stage(stage) for stage in found["stages"]))
    for stage in found["stages"]:
        for note in stage["notes"]:
            yield f"Note on {stage['key']}: {note}"
    arguments = f"{found['project']} {found['release']} {found['environment']}"
    yield f"Nothing has been done. Deploy it with: tidegate deploy {arguments} --wait"


def _stage(stage: PlannedStage) -> tuple[Cell, ...]:
    return stage["key"], _does(stage), _where(stage), listed(stage["needs"])


def _does(stage: PlannedStage) -> str:
    gate = stage["gate"]
    if gate is not None:
        who = f"one of {listed(gate['approvers'])}" if gate["approvers"] else "anyone with a key"
        return f"waits for {who}, {duration(gate['timeout'])} at most"
    if stage["kind"] == "bake":
        return f"waits {duration(stage['bake'])}"
    images = [_short(reference) for reference in stage["images"].values()]
    return f"{stage['uses']} {listed(images)}".rstrip()


def _short(reference: str) -> str:
    """`registry.example.com/shop/web@sha256:ab12...` is said `shop/web@ab12...` with 12 digits."""
    name, _, digest = reference.partition("@")
    first, _, rest = name.partition("/")
    is_registry = bool(rest) and ("." in first or ":" in first or first == "localhost")
    return f"{rest if is_registry else name}@{digest.removeprefix('sha256:')[:12]}"


def _where(stage: PlannedStage) -> str:
    if stage["kind"] != "hosts":
        return ""
    at_once = f", {stage['window']} at once" if 1 <= stage["window"] < stage["total"] else ""
    return f"{shortened(stage['hosts'])}{at_once}"
