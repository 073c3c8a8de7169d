"""deploy_image: the release's image replaces what runs on the host."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from config.durations import Duration
from config.frozen import FrozenMapping
from config.health import Health
from config.names import Name
from config.steps.containers import DockerName, EnvName, Memory, PublishedPort, User, Volume
from config.steps.parameters import StepParameters
from config.text import PlainText, Text


class DeployImage(StepParameters):
    """One instance per host; the old one stops before the new one starts, and serves again if that fails."""

    image: Name
    env: FrozenMapping[EnvName, Text] = FrozenMapping()
    publish: tuple[PublishedPort, ...] = ()
    volumes: tuple[Volume, ...] = ()
    network: DockerName | None = None
    command: tuple[PlainText, ...] | None = None
    """Left out: the image's own."""
    health: Health | None = None
    """Left out: the image's HEALTHCHECK, or still running after `readiness_delay`."""
    readiness_delay: Duration = timedelta(seconds=7)
    stop_timeout: Duration = timedelta(seconds=10)
    user: User | None = None
    memory: Memory | None = None

    later: ClassVar[Mapping[str, str]] = {
        "traffic": "traffic comes with the side-by-side switch of a later version; until then use publish, "
        'such as publish: ["80:8080"], which stops the old instance before the new one starts',
    }
    meant: ClassVar[Mapping[str, str]] = {"environment": "env", "ports": "publish", "healthcheck": "health"}

    def image_names(self) -> tuple[str, ...]:
        return (self.image,)

    def notes(self) -> tuple[str, ...]:
        if not self.publish:
            return ("the old instance stops before the new one starts",)
        ports = ", ".join(self.publish)
        return (
            f"publish binds the host's port ({ports}), so the old instance stops before the new one starts",
        )
