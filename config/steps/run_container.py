"""run_container: a container that runs once, such as a migration, from the release's image."""

from collections.abc import Mapping
from typing import ClassVar

from config.frozen import FrozenMapping
from config.names import Name
from config.steps.containers import DockerName, EnvName, Memory, User, Volume
from config.steps.parameters import StepParameters
from config.text import PlainText, Text


class RunContainer(StepParameters):
    """Succeeds when the container exits with 0; its output is the task's log."""

    image: Name
    command: tuple[PlainText, ...] | None = None
    """Left out: the image's own."""
    env: FrozenMapping[EnvName, Text] = FrozenMapping()
    network: DockerName | None = None
    volumes: tuple[Volume, ...] = ()
    user: User | None = None
    memory: Memory | None = None

    meant: ClassVar[Mapping[str, str]] = {"environment": "env"}

    def image_names(self) -> tuple[str, ...]:
        return (self.image,)
