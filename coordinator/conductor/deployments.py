"""Deployments: preview a plan, create, cancel."""

from dataclasses import dataclass

from sqlalchemy import Connection

from config.process import Process
from coordinator.conductor.errors import Conflict, Invalid, NotFound
from coordinator.conductor.events import handle, handle_in, retrying
from coordinator.conductor.idempotency import Once, claim, settle
from coordinator.conductor.services import Person, Services
from coordinator.domain.errors import PlanError
from coordinator.domain.events import CancelRequested, DeploymentStarted
from coordinator.domain.plan import Plan
from coordinator.domain.planning import PlanOptions, plan
from coordinator.store import deployments, hosts, plan_inputs, secrets
from coordinator.store.slices import lock_deployment
from tasks.clock import short_id


@dataclass(frozen=True, slots=True)
class NewDeployment:
    """One release to one environment, asked for by a person or their CI."""

    project: str
    release: str
    environment: str
    by: Person
    idempotency_key: str | None = None

    @property
    def once(self) -> Once | None:
        """The request under its idempotency key, when it has one."""
        if self.idempotency_key is None:
            return None
        asked = {"project": self.project, "release": self.release, "environment": self.environment}
        return Once.of(self.by, "deployments.create", self.idempotency_key, asked)


def preview(services: Services, project: str, release: str, environment: str) -> Plan:
    """Return the plan that a deployment made now would execute. Changes nothing."""
    with services.store.read() as tx:
        made, _ = _plan(services, tx, project, release, environment)
    return made


def create(services: Services, request: NewDeployment) -> str:
    """Plan and store a deployment, start it if nothing else deploys there, and return its id.

    The same idempotency key gives the same deployment. Without one, a second deployment of the same release to
    the same environment is refused while the first is queued or running.
    """
    identity = retrying(lambda: _find_or_create(services, request))
    services.wake()
    return identity


def _find_or_create(services: Services, request: NewDeployment) -> str:
    once = request.once
    with services.store.write() as tx:
        earlier = claim(tx, once, services.now()) if once else None
        if earlier is not None:
            return str(earlier["id"])
        identity = _create(services, tx, request)
        if once:
            settle(tx, once, {"id": identity})
        return identity


def _create(services: Services, tx: Connection, request: NewDeployment) -> str:
    number = deployments.next_number(tx, request.project)
    if number is None:
        raise NotFound(f"project {request.project} does not exist", hint="apply its tidegate.yaml first")
    _refuse_second(tx, request)
    made, process = _plan(services, tx, request.project, request.release, request.environment)
    _refuse_unjoined(tx, made)
    identity = f"{request.project}-{number}-{short_id(4)}"
    now = services.now()
    deployments.add(tx, identity, made, process=process, by=request.by.name, now=now)
    _start_next(services, tx, request.project, request.environment)
    return identity


def _plan(
    services: Services, tx: Connection, project: str, version: str, environment: str
) -> tuple[Plan, Process]:
    parameters = {name: kind.parameters for name, kind in services.kinds.items()}
    release = plan_inputs.release(tx, project, version, parameters)
    if release is None:
        raise NotFound(
            f"project {project} has no release {version}",
            hint=f"create it: tidegate release create {project} {version}",
        )
    options = PlanOptions(environment, services.kinds, secrets.current(tx, project))
    try:
        return plan(release.process, release, hosts.inventory(tx), options), release.process
    except PlanError as error:
        raise Invalid(
            f"release {version} of {project} cannot be planned for {environment}",
            hint="correct what is named and try again; nothing was changed",
            problems=[str(problem) for problem in error.problems],
        ) from error


def _refuse_second(tx: Connection, request: NewDeployment) -> None:
    running = deployments.active_like(tx, request.project, request.environment, request.release)
    if running is not None:
        raise Conflict(
            f"{running} already deploys {request.project} {request.release} to {request.environment}",
            hint=f"follow it: tidegate status {running}; or cancel it first",
        )


def _refuse_unjoined(tx: Connection, made: Plan) -> None:
    missing = plan_inputs.not_joined(tx, made.hosts)
    if missing:
        raise Conflict(
            f"no worker has ever joined from: {', '.join(missing)}",
            hint="start the worker there with its join file (tidegate hosts add NAME writes one), "
            "or take the host out of the environment; nothing was changed",
        )


def start_next(services: Services, project: str, environment: str) -> None:
    """Start the oldest queued deployment of the place if its lock is free."""

    def once() -> None:
        with services.store.write() as tx:
            _start_next(services, tx, project, environment)

    retrying(once)
    services.wake()


def _start_next(services: Services, tx: Connection, project: str, environment: str) -> None:
    now = services.now()
    taken = deployments.take_lock(tx, project, environment, now)
    if taken is not None:
        identity, epoch = taken
        handle_in(services, tx, identity, DeploymentStarted(epoch))


def cancel(services: Services, deployment: str, by: Person) -> None:
    """Ask a deployment to stop; one that already stops, or ended, is refused with its state."""
    with services.store.read() as tx:
        header = lock_deployment(tx, deployment)
        grace = deployments.cancel_grace(tx, deployment) if header else None
    if header is None or grace is None:
        raise NotFound(f"deployment {deployment} does not exist", hint="tidegate status lists them")
    if header.status.is_final:
        raise Conflict(
            f"deployment {deployment} already ended: {header.status.value}", hint="nothing to cancel"
        )
    handle(services, deployment, CancelRequested(by.name, grace))
