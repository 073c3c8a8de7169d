"""What containers are to be, as values: built here by pure functions, created elsewhere.

`tidegate.spec` is the identity of what runs: a hash of the image's digest, command, environment, ports, mounts,
network, user and memory. Environment values enter it through a keyed fingerprint, so that nobody who can read
labels can try out guesses of a secret.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from config.secret import Secret
from config.steps.containers import PublishedPort, Volume
from config.steps.deploy_image import DeployImage
from config.steps.run_container import RunContainer
from config.text import Text

KEEP_RUNNING: Literal["unless-stopped"] = "unless-stopped"

LABEL_PROJECT = "tidegate.project"
LABEL_ENVIRONMENT = "tidegate.environment"
LABEL_STEP = "tidegate.step"
LABEL_RELEASE = "tidegate.release"
LABEL_DEPLOYMENT = "tidegate.deployment"
LABEL_ATTEMPT = "tidegate.attempt"
LABEL_SPEC = "tidegate.spec"


@dataclass(frozen=True)
class Placement:
    """For whom a container is made; `prefix` separates several workers that share one engine."""

    project: str
    environment: str
    step: str
    release: str
    deployment: str
    attempt: str
    prefix: str = ""

    @property
    def instance(self) -> str:
        """The name of the one live instance of the step, such as `shop.uat.web`.

        The parts hold no dots, so no two steps share a name, and what has a fourth part (`.next`, `.previous`,
        `.failed`, a one-off's attempt) is no live instance. As a host name it is valid too, which `_` is not.
        """
        return f"{self.prefix}{self.project}.{self.environment}.{self.step}"

    @property
    def one_off(self) -> str:
        """A name for this attempt alone, such as `shop.uat.migrate.shop-42-k7q2.migrate-web-1.1`."""
        return f"{self.instance}.{file_name(self.attempt)}"

    def labels(self, spec: str) -> dict[str, str]:
        return {
            LABEL_PROJECT: self.project,
            LABEL_ENVIRONMENT: self.environment,
            LABEL_STEP: self.step,
            LABEL_RELEASE: self.release,
            LABEL_DEPLOYMENT: self.deployment,
            LABEL_ATTEMPT: self.attempt,
            LABEL_SPEC: spec,
        }


@dataclass(frozen=True)
class ContainerSpec:
    """A container that is to exist. `image` is `registry/repository@sha256:...`, or an image's id."""

    image: str
    labels: Mapping[str, str]
    env: Mapping[str, Text] = field(default_factory=dict)
    command: tuple[str, ...] | None = None
    publish: tuple[PublishedPort, ...] = ()
    volumes: tuple[Volume, ...] = ()
    network: str | None = None
    user: str | None = None
    memory: str | None = None

    @property
    def spec(self) -> str:
        return self.labels.get(LABEL_SPEC, "")


def file_name(attempt: str) -> str:
    """Return an attempt's id as a name for files and containers: `shop-42-k7q2.backup-db-1.1`."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", attempt)


def deploy_spec(wanted: DeployImage, image: str, placement: Placement, key: bytes) -> ContainerSpec:
    """Return the instance that `deploy_image` declares; `key` makes the fingerprint of the environment."""
    return _labelled(
        ContainerSpec(
            image=image,
            labels={},
            env=wanted.env,
            command=wanted.command,
            publish=wanted.publish,
            volumes=wanted.volumes,
            network=wanted.network,
            user=wanted.user,
            memory=wanted.memory,
        ),
        placement,
        key,
    )


def run_spec(wanted: RunContainer, image: str, placement: Placement, key: bytes) -> ContainerSpec:
    """Return the one-off container that `run_container` declares."""
    return _labelled(
        ContainerSpec(
            image=image,
            labels={},
            env=wanted.env,
            command=wanted.command,
            volumes=wanted.volumes,
            network=wanted.network,
            user=wanted.user,
            memory=wanted.memory,
        ),
        placement,
        key,
    )


def spec_hash(spec: ContainerSpec, key: bytes) -> str:
    """Return 32 hex digits that are equal exactly when the containers are."""
    described = {
        "image": spec.image,
        "command": spec.command,
        "env": fingerprint(spec.env, key),
        "publish": sorted(spec.publish),
        "volumes": sorted(spec.volumes),
        "network": spec.network,
        "user": spec.user,
        "memory": spec.memory,
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:32]


def fingerprint(env: Mapping[str, Text], key: bytes) -> str:
    """Return a keyed hash of names and values; without `key` it tells nothing about them."""
    plain = json.dumps(revealed(env), sort_keys=True)
    return hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()


def revealed(env: Mapping[str, Text]) -> dict[str, str]:
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in env.items()}


def create_arguments(spec: ContainerSpec, name: str) -> dict[str, Any]:
    """Return the arguments of the engine's create call: the one place where secrets are plain.

    The restart policy is `no` until the instance has been healthy, so that a crashing one is seen.
    """
    arguments: dict[str, Any] = {
        "image": spec.image,
        "name": name,
        "command": list(spec.command) if spec.command is not None else None,
        "environment": revealed(spec.env),
        "labels": dict(spec.labels),
        "ports": _ports(spec.publish),
        "volumes": {v.name: {"bind": v.path, "mode": "ro" if v.read_only else "rw"} for v in spec.volumes},
        "network": spec.network,
        "user": spec.user,
        "mem_limit": spec.memory,
        "restart_policy": {"Name": "no"},
    }
    return {name: value for name, value in arguments.items() if value not in (None, {})}


def _ports(publish: tuple[PublishedPort, ...]) -> dict[str, list[tuple[str, int]]]:
    """Return `{"8080/tcp": [("127.0.0.1", 80)]}`; one inner port may be published more than once."""
    ports: dict[str, list[tuple[str, int]]] = {}
    for port in publish:
        inner = f"{port.container_port}/{port.protocol}"
        ports.setdefault(inner, []).append((port.address or "0.0.0.0", port.host_port))  # noqa: S104 - what "80:8080" means
    return ports


def _labelled(spec: ContainerSpec, placement: Placement, key: bytes) -> ContainerSpec:
    labels = placement.labels(spec_hash(spec, key))
    return ContainerSpec(**{**vars(spec), "labels": labels})
