"""What use cases are given: one frozen value, built by the program's composition root."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from config.settings import CoordinatorSettings
from config.steps.kind import Kind
from coordinator.domain.pace import DEFAULT_PACE, Pace
from coordinator.store.database import Store
from tasks.keys import HostKeys


class Cipher(Protocol):
    """Encrypts secrets at rest with the master key."""

    def encrypt(self, text: str) -> str: ...

    def decrypt(self, ciphertext: str) -> str: ...


class DigestResolver(Protocol):
    """Finds the digest a registry serves for an image's tag."""

    def resolve(self, image: str, tag: str) -> str:
        """Return `sha256:...`. Raises Invalid (no such image) or Unavailable (registry)."""
        ...


class Wake(Protocol):
    """Tells this process's relay and sweeper that a commit left something to do. Losing it costs a second."""

    def __call__(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks: the name and groups of an API key."""

    name: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a use case may touch."""

    store: Store
    settings: CoordinatorSettings
    cipher: Cipher
    keys: HostKeys  # the coordinator's own pair: signs orders, opens what hosts seal for it
    kinds: Mapping[str, Kind]
    digests: DigestResolver
    wake: Wake
    now: Callable[[], datetime]
    pace: Pace = DEFAULT_PACE
