"""From an outbox row to a signed message: secrets are opened here, sealed for the one host, and kept nowhere."""

from datetime import datetime, timedelta

from config.templates import secret_versions
from coordinator.conductor.services import Services
from coordinator.domain.states import attempt_id
from coordinator.store import secrets, sending
from coordinator.store.outbox import Posted
from coordinator.store.sending import OrderFacts
from tasks.catalog import task_name
from tasks.control import Cancel
from tasks.envelope import COORDINATOR, Payload, SignedArgs, sign
from tasks.orders import RunStep
from tasks.publishing import Outgoing
from tasks.queues import host_queue
from tasks.sealing import seal_parameters

CONTROL_LIFETIME = timedelta(days=1)


class UndeliverableError(Exception):
    """The order can never be built as the plan stands; sending it again does not help."""


def build_order(services: Services, posted: Posted) -> Outgoing | None:
    """Return the message for a posted order; None when the attempt no longer waits to be accepted."""
    with services.store.read() as tx:
        facts = sending.order_facts(tx, posted.deployment, posted.task, posted.attempt)
        if facts is None:
            return None
        versions = {pinned.version for pinned in secret_versions(facts.parameters)}
        stored = secrets.ciphertexts(tx, versions)
    if missing := versions - stored.keys():
        raise UndeliverableError(
            f"secret version(s) {', '.join(sorted(missing))} no longer exist: set them anew"
        )
    if facts.seal_key is None:
        raise UndeliverableError(f"host {facts.host} has no worker's keys: let it join again")
    values = {version: services.cipher.decrypt(text) for version, text in stored.items()}
    identity = attempt_id(posted.deployment, posted.task, posted.attempt)
    return Outgoing(
        queue=host_queue(facts.host),
        name=task_name(facts.uses),
        args=_signed(services, facts, posted, identity, values),
        task_id=identity,
        summary=f"{facts.project} {facts.release} · {facts.step} · {facts.host}",
    )


def _signed(
    services: Services, facts: OrderFacts, posted: Posted, identity: str, values: dict[str, str]
) -> SignedArgs:
    parameters, sealed = seal_parameters(facts.parameters, values, facts.seal_key or "")
    body = RunStep(
        project=facts.project,
        environment=facts.environment,
        release=facts.release,
        plan_hash=facts.plan_hash,
        step=facts.step,
        uses=facts.uses,
        host=facts.host,
        parameters=parameters,
        sealed=sealed,
        images=facts.images,
        timeout=facts.timeout,
        retain=facts.retain,
    )
    payload = Payload(
        from_=COORDINATOR,
        to=facts.host,
        kind=facts.uses,
        deployment=posted.deployment,
        task=posted.task,
        attempt=identity,
        epoch=facts.epoch,
        iat=services.now().timestamp(),
        # Told in the host's own time. A hello that was late on its way makes a clock look slow, never fast.
        exp=facts.start_by.timestamp() + max(0.0, facts.clock_offset),
        body=body.model_dump(mode="json"),
    )
    return sign(payload, services.keys)


def build_cancel(services: Services, posted: Posted) -> SignedArgs:
    """Return the control message that asks the host to stop an attempt."""
    identity = attempt_id(posted.deployment, posted.task, posted.attempt)
    body = Cancel(attempt=identity, reason=posted.reason)
    return control(services, posted.host, "cancel", body.model_dump(mode="json"), services.now())


def control(services: Services, host: str, kind: str, body: dict[str, object], now: datetime) -> SignedArgs:
    """Sign a control message for a host."""
    payload = Payload(
        from_=COORDINATOR,
        to=host,
        kind=kind,
        iat=now.timestamp(),
        exp=(now + CONTROL_LIFETIME).timestamp(),
        body=body,
    )
    return sign(payload, services.keys)
