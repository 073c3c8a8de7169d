"""The engine's errors as sentences: pure, from text and status to a StepFailed.

Codes: engine_unreachable, engine_refused, image_unknown, image_denied, registry_unreachable, port_taken, no_space,
network_unknown, container_unknown, container_unstartable, name_taken, container_stopped.
"""

import re
from dataclasses import dataclass

from workers.errors import StepFailed


@dataclass(frozen=True)
class _Rule:
    pattern: str
    code: str
    message: str
    hint: str
    retryable: bool = False


_RULES = (
    _Rule(
        r"no space left on device|disk quota exceeded",
        "no_space",
        "the host's disk is full",
        "free space on the host (docker system df shows what images take), then retry",
        retryable=True,
    ),
    _Rule(
        r"port is already allocated|address already in use|bind for .* failed",
        "port_taken",
        "a published port is taken by something else on the host",
        "stop what holds the port (docker ps, ss -ltnp), or publish another one",
        retryable=True,
    ),
    _Rule(
        r"manifest unknown|manifest for .* not found|no such image|repository does not exist|name unknown",
        "image_unknown",
        "the image is not in the registry",
        "check that the release's image was pushed and was not deleted since",
    ),
    _Rule(
        r"unauthorized|authentication required|denied: |pull access denied|no basic auth",
        "image_denied",
        "the registry does not let this host pull",
        "log the host in (docker login, as the user of the worker), then retry",
        retryable=True,
    ),
    _Rule(
        r"dial tcp|no route to host|connection refused|i/o timeout|client\.timeout|no such host|tls handshake"
        r"|server gave http response to https|temporary failure in name resolution|request canceled|: eof"
        r"|context deadline exceeded|network is unreachable|connection reset|toomanyrequests"
        r"|5\d\d (?:bad|service|gateway)",
        "registry_unreachable",
        "the registry cannot be reached from this host",
        "check the host's network, its DNS and the registry; a plain-http registry must be named in the engine's"
        " insecure-registries",
        retryable=True,
    ),
    _Rule(
        r"network \S+ not found|could not find network",
        "network_unknown",
        "the declared network does not exist on the host",
        "create it (docker network create NAME) or leave `network` out",
    ),
    _Rule(
        r"executable file not found|exec format error|permission denied|oci runtime|unable to find user|mounts? denied"
        r"|failed to create task",
        "container_unstartable",
        "the container cannot be started",
        "check command, user, volumes and the image's architecture",
    ),
    _Rule(
        r"is not running|is paused",
        "container_stopped",
        "the container is not running",
        "start it, then retry",
    ),
    _Rule(
        r"no such container",
        "container_unknown",
        "the container does not exist on the host",
        "check its name",
    ),
    _Rule(
        r"is already in progress", "busy", "the engine is still at it", "retry in a moment", retryable=True
    ),
    _Rule(
        r"is already in use by container",
        "name_taken",
        "the container's name is taken",
        "retry",
        retryable=True,
    ),
)


def explain(text: str, doing: str, *, pulling: bool = False) -> StepFailed:
    """Return the failure for what an engine answered while `doing` ("starting shop.uat.web")."""
    for rule in _RULES:
        if rule.code == "registry_unreachable" and not pulling:
            continue
        if re.search(rule.pattern, text, re.IGNORECASE):
            message = f"{doing}: {rule.message} (the engine says: {short(text)})"
            return StepFailed(rule.code, message, hint=rule.hint, retryable=rule.retryable)
    return StepFailed(
        "engine_refused",
        f"{doing}: the engine refused (it says: {short(text)})",
        hint="read the engine's log on the host (journalctl -u docker)",
        retryable=True,
    )


def unreachable(where: str, doing: str, text: str) -> StepFailed:
    """Return the failure for an engine that does not answer at `where`."""
    return StepFailed(
        "engine_unreachable",
        f"{doing}: the Docker engine at {where} does not answer ({short(text)})",
        hint="start the engine (systemctl start docker), check that the worker's user may use its socket, then retry",
        retryable=True,
    )


def short(text: str, length: int = 300) -> str:
    """Return one line of at most `length` characters, the end of a longer text cut off."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"
