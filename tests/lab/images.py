"""Base images under their public names, made of this machine's Debian packages, since lab engines reach no outside.

A person who has the real ones can give them: `docker save postgres:16-alpine -o CACHE/given/postgres_16-alpine.tar`.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import docker
from docker.errors import DockerException, ImageNotFound

from tests.lab import busybox_image, postgres_image, python_image, redis_image
from tests.lab.tree import Tree, pack

BUSYBOX = busybox_image.NAME
POSTGRES = postgres_image.NAME
PYTHON = python_image.NAME
REDIS = redis_image.NAME
EPOCH = "2024-01-01T00:00:00Z"  # fixed, so that the same packages give the same digest


@dataclass(frozen=True)
class Recipe:
    """How a stand-in is made: `grow` fills an empty tree, `config` is the image's own configuration (OCI keys)."""

    name: str
    grow: Callable[[Tree], None]
    config: Mapping[str, object]
    ingredients: Callable[[], Sequence[Path]]  # files whose change makes a cached image stale


RECIPES = {
    module.NAME: Recipe(module.NAME, module.grow, module.CONFIG, module.ingredients)
    for module in (busybox_image, postgres_image, python_image, redis_image)
}


def provide(
    client: docker.DockerClient, names: Sequence[str], cache: Path, *, pull: bool = False
) -> list[str]:
    """Give an engine the images it lacks and return the names of the stand-ins it got.

    An image the engine has is never touched. `pull`: first ask the public registry (not in the lab: it has no way out).
    """
    loaded = []
    for name in names:
        if _has(client, name) or (pull and _pulled(client, name)):
            continue
        with tarball(name, cache).open("rb") as file:
            client.images.load(file)
        loaded.append(name)
    return loaded


def tarball(name: str, cache: Path) -> Path:
    """Return the stand-in's file in the form of `docker save`, built now if the cache has none of these packages."""
    file_name = name.replace(":", "_").replace("/", "_")
    given = cache / "given" / f"{file_name}.tar"
    if given.exists():
        return given
    recipe = RECIPES[name]
    built = cache / f"{file_name}-{_fingerprint(recipe)}.tar"
    if not built.exists():
        _build(recipe, built)
    return built


def _build(recipe: Recipe, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="building-", dir=target.parent) as folder:
        tree = Tree(Path(folder) / "root")
        tree.root.mkdir()
        recipe.grow(tree)
        layer = pack(tree)
        part = Path(folder) / "image.tar"
        _write_saved(part, recipe, layer)
        part.rename(target)  # two labs may build at once: each sees a whole file


def _write_saved(target: Path, recipe: Recipe, layer: bytes) -> None:
    """Write what `docker save` would: one layer, one configuration, one manifest."""
    digest = hashlib.sha256(layer).hexdigest()
    config = {
        "architecture": docker_architecture(),
        "os": "linux",
        "created": EPOCH,
        "config": recipe.config,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created": EPOCH, "created_by": "stand-in made of Debian packages by tests/lab"}],
    }
    written = json.dumps(config, sort_keys=True).encode()
    config_name = f"{hashlib.sha256(written).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [recipe.name], "Layers": [f"{digest}/layer.tar"]}]
    files = {
        f"{digest}/layer.tar": layer,
        config_name: written,
        "manifest.json": json.dumps(manifest).encode(),
    }
    with tarfile.open(target, "w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def docker_architecture() -> str:
    """Return this machine's architecture as image configurations call it."""
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)


def _fingerprint(recipe: Recipe) -> str:
    """Return a short hash of the recipe's own source and of the sizes and times of this machine's files."""
    seen = hashlib.sha256()
    here = Path(__file__).parent
    for file in (here / "images.py", here / "tree.py", *recipe.ingredients()):
        status = file.stat()
        own = file.is_relative_to(here)  # a fresh clone has new times, and the same content
        seen.update(file.read_bytes() if own else f"{file} {status.st_size} {int(status.st_mtime)}".encode())
    return seen.hexdigest()[:12]


def _has(client: docker.DockerClient, name: str) -> bool:
    with contextlib.suppress(ImageNotFound):
        return bool(client.images.get(name))
    return False


def _pulled(client: docker.DockerClient, name: str) -> bool:
    try:
        client.images.pull(name)
    except DockerException:
        return False
    return True
