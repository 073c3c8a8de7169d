"""Names of the places where messages lie on the broker: one queue per host, one for the coordinator."""

COORDINATOR = "coordinator"
_HOST = "host."


def host_queue(host: str) -> str:
    """Return the queue that only the worker of `host` consumes, such as `host.web-1`."""
    return f"{_HOST}{host}"


def host_of(queue: str) -> str | None:
    """Return the host that a queue belongs to, or None for the coordinator's queue."""
    return queue.removeprefix(_HOST) if queue.startswith(_HOST) else None


def control_list(host: str) -> str:
    """Return the list that carries the coordinator's short control messages to `host`."""
    return f"ctl.{host}"
