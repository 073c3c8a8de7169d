"""When a new instance counts as healthy: by HTTP as declared, else by the image's HEALTHCHECK, else by running on."""

from dataclasses import dataclass, replace
from datetime import timedelta

from config.health import Health
from config.steps.deploy_image import DeployImage
from tasks import clock
from workers.context import Context
from workers.docker.failures import short
from workers.docker.port import Container, Image
from workers.errors import StepFailed
from workers.probing import NoAnswer, get

UNDECLARED = timedelta(minutes=5)  # how long an image's own HEALTHCHECK may take, as Health.deadline


@dataclass(frozen=True)
class Trial:
    """How an instance is judged; `port` is where an HTTP probe asks. Times in seconds."""

    health: Health | None
    port: int
    readiness_delay: float
    min_healthy_time: float
    deadline: float
    interval: float

    def brief(self, deadline: float | None = None) -> "Trial":
        """Return the trial of one that was healthy before: a single good answer is enough."""
        return replace(
            self,
            readiness_delay=min(self.readiness_delay, 1.0),
            min_healthy_time=0.0,
            deadline=self.deadline if deadline is None else min(self.deadline, deadline),
        )


def trial(wanted: DeployImage, image: Image) -> Trial:
    """Return how an instance of `wanted` is judged; raises StepFailed when nothing says which port to probe."""
    health = wanted.health
    return Trial(
        health=health,
        port=_port(health, wanted, image) if health else 0,
        readiness_delay=wanted.readiness_delay.total_seconds(),
        min_healthy_time=health.min_healthy_time.total_seconds() if health else 0.0,
        deadline=(health.deadline if health else UNDECLARED).total_seconds(),
        interval=health.interval.total_seconds() if health else 0.5,
    )


def prove(context: Context, container: str, judged: Trial) -> None:
    """Wait until the container is healthy; raises StepFailed (`unhealthy`, `exited`), or as `context.check`."""
    began = clock.monotonic()
    good_since: float | None = None
    reason = ""
    while True:
        seen = _running(context, container)
        bad = _verdict(seen, judged, clock.monotonic() - began)
        now = clock.monotonic()
        if bad != reason and bad:
            context.say(f"not healthy yet: {bad}")
        reason = bad
        good_since = None if bad else (now if good_since is None else good_since)
        if good_since is not None and now - good_since >= judged.min_healthy_time:
            return
        if now - began >= judged.deadline and bad:
            raise _unhealthy(judged, reason)
        context.wait(judged.interval)


def _running(context: Context, container: str) -> Container:
    seen = context.engine.find(container)
    if seen is None:
        raise StepFailed(
            "exited", f"{container} was removed by somebody else while it was being watched", retryable=True
        )
    if not seen.running:
        raise StepFailed(
            "exited",
            f"{container} ended with exit code {seen.exit_code} before it was healthy"
            + (f" ({short(seen.error)})" if seen.error else ""),
            hint="its last lines are in the task's log; the container is kept under the name ending in .failed",
        )
    return seen


def _verdict(seen: Container, judged: Trial, running_for: float) -> str:
    """Return "" when it is healthy now, else what is missing; Docker's `unhealthy` means not yet, too."""
    if judged.health is not None:
        return _probe(seen, judged.health, judged.port)
    if seen.health is not None:
        return "" if seen.health == "healthy" else f"its HEALTHCHECK says {seen.health}"
    return "" if running_for >= judged.readiness_delay else "it has just started"


def _probe(seen: Container, health: Health, port: int) -> str:
    address = "127.0.0.1" if seen.host_network else next(iter(seen.addresses), "")
    if not address:
        return "the container has no address to ask"
    url = f"http://{address}:{port}{health.path}"
    headers = {"Host": health.host} if health.host else {}
    try:
        status = get(url, headers, health.timeout.total_seconds()).status
    except NoAnswer as error:
        return f"GET {url} failed ({short(str(error))})"
    good = health.status.includes(status)
    return "" if good else f"GET {url} answered {status}, expected {health.status}"


def _unhealthy(judged: Trial, reason: str) -> StepFailed:
    return StepFailed(
        "unhealthy",
        f"the new instance was not healthy within {judged.deadline:.0f} s: {reason}",
        hint="its last lines are in the task's log; check the application's start and the declared health",
    )


def _port(health: Health, wanted: DeployImage, image: Image) -> int:
    if health.port is not None:
        return health.port
    if wanted.publish:
        return wanted.publish[0].container_port
    if len(image.ports) == 1:
        return image.ports[0]
    exposed = ", ".join(map(str, image.ports)) or "none"
    raise StepFailed(
        "health_port_unknown",
        f"health has no port, nothing is published and the image exposes {exposed}: which port to ask is not known",
        hint="declare health.port, the port inside the container",
    )
