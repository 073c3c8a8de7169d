"""Plans written by hand for tests of the state machine: no process file, no rendering."""

from datetime import UTC, datetime, timedelta

from coordinator.domain.plan import Plan, PlannedStage, PlannedTask
from coordinator.domain.states import GateTerms, Limits, StageKind

NOON = datetime(2026, 3, 6, 12, 0, tzinfo=UTC)
LIMITS = Limits(
    retries=0,
    retry_delay=timedelta(seconds=5),
    timeout=timedelta(hours=1),
    start_within=timedelta(minutes=5),
)


def hosts_stage(
    key: str,
    total: int,
    *,
    needs: tuple[str, ...] = (),
    window: int = 1,
    tolerated: int = 0,
    on_failure: str = "pause",
    retries: int = 0,
) -> PlannedStage:
    limits = Limits(retries, LIMITS.retry_delay, LIMITS.timeout, LIMITS.start_within)
    return PlannedStage(
        key=key,
        step=key.partition("/")[0],
        uses="deploy_image",
        kind=StageKind.HOSTS,
        needs=needs,
        total=total,
        window=window,
        tolerated=tolerated,
        on_failure=on_failure,
        limits=limits,
    )


def gate_stage(key: str, *, needs: tuple[str, ...] = ()) -> PlannedStage:
    terms = GateTerms("Open the canary", ("release-managers",), timedelta(hours=72))
    return _own(key, StageKind.GATE, needs, gate=terms)


def bake_stage(key: str, *, needs: tuple[str, ...] = ()) -> PlannedStage:
    return _own(key, StageKind.BAKE, needs, bake=timedelta(minutes=10))


def _own(
    key: str,
    kind: StageKind,
    needs: tuple[str, ...],
    *,
    gate: GateTerms | None = None,
    bake: timedelta = timedelta(),
) -> PlannedStage:
    return PlannedStage(
        key=key,
        step=key.partition("/")[0],
        uses=kind.value,
        kind=kind,
        needs=needs,
        total=1,
        window=1,
        tolerated=0,
        on_failure="stop",
        limits=LIMITS,
        gate=gate,
        bake=bake,
    )


def plan_of(*stages: PlannedStage, first_host: dict[str, int] | None = None) -> Plan:
    """Give each hosts-stage tasks on h1, h2, ... (from `first_host[stage]` on)."""
    tasks: list[PlannedTask] = []
    for stage in stages:
        if stage.kind is not StageKind.HOSTS:
            tasks.append(PlannedTask(stage.key, stage.key, len(tasks)))
            continue
        start = (first_host or {}).get(stage.key, 1)
        for number in range(start, start + stage.total):
            tasks.append(PlannedTask(f"{stage.key}@h{number}", stage.key, len(tasks), f"h{number}"))
    return Plan("shop", "1.1.0", "production", tuple(stages), tuple(tasks))


def canary_plan(hosts: int = 4, *, window: int = 2) -> Plan:
    """Backup, canary on h1, gate, the other hosts, then the mailer: the main job."""
    return plan_of(
        hosts_stage("backup", 1),
        hosts_stage("web/canary", 1, needs=("backup",)),
        gate_stage("web/gate", needs=("web/canary",)),
        hosts_stage("web", hosts - 1, needs=("web/gate",), window=window),
        hosts_stage("mailer", 1, needs=("web",)),
        first_host={"web": 2},
    )
