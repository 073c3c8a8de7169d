"""The port to a real Docker engine, over the docker SDK (7.2): thin, each method one or two calls."""

import tarfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import requests
from docker.errors import APIError, DockerException, NotFound

from workers.docker import reading
from workers.docker.connection import ANSWER_WITHIN, Connection, StreamClient
from workers.docker.failures import explain
from workers.docker.port import Check, Container, EngineFacts, Image, Line, Pulled, Ran
from workers.docker.pump import Pump
from workers.docker.specs import ContainerSpec, create_arguments

_BLOCK = 512  # of a tar archive, in bytes
_CHUNK = 1024 * 1024  # of a file that is copied, in bytes
_EXIT_LOOKS, _EXIT_PAUSE = 100, 0.05  # seconds
_OUTPUT_KEPT = 64 * 1024  # characters of a short command's output


class DockerEngine:
    """One engine, by its URL (`unix:///var/run/docker.sock`); safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._connection = Connection(url)

    # -- the engine and its images --------------------------------------------------------------------------

    def facts(self) -> EngineFacts:
        try:
            shown = self._connection.client().api.version()
        except (requests.exceptions.RequestException, DockerException, OSError) as error:
            return EngineFacts(up=False, error=str(error))
        names = {"api": "ApiVersion", "os": "Os", "arch": "Arch"}
        details = {ours: str(shown.get(theirs, "")) for ours, theirs in names.items()}
        return EngineFacts(up=True, version=str(shown.get("Version", "")), details=details)

    def image(self, reference: str) -> Image | None:
        with self._asking(f"looking for {reference}"):
            try:
                return reading.image(self._connection.client().api.inspect_image(reference))  # type: ignore[no-untyped-call]  # untyped in the stubs
            except NotFound:
                return None

    def pull(self, reference: str, progress: Callable[[Pulled], None], check: Check) -> None:
        doing = f"pulling {reference}"
        client = self._stream_client(doing)
        name, _, digest = reference.partition("@")

        def read() -> Iterator[dict[str, Any]]:
            with self._asking(doing, pulling=True):
                yield from client.pull(name, tag=digest or None, stream=True, decode=True)

        far = reading.PullProgress()
        for message in Pump([read], client.cut).items(check):
            if "error" in message:
                raise explain(str(message["error"]), doing, pulling=True)
            if pulled := far.add(message):
                progress(pulled)

    # -- containers -----------------------------------------------------------------------------------------

    def find(self, name: str) -> Container | None:
        with self._asking(f"looking for the container {name}"):
            try:
                return reading.container(self._connection.client().api.inspect_container(name))
            except NotFound:
                return None

    def labelled(self, labels: Mapping[str, str]) -> tuple[Container, ...]:
        wanted = {"label": [f"{name}={value}" for name, value in labels.items()]}
        with self._asking("listing containers"):
            rows = self._connection.client().api.containers(all=True, filters=wanted)
        found = (self.find(row["Id"]) for row in rows)
        return tuple(each for each in found if each is not None)

    def create(self, spec: ContainerSpec, name: str, *, offline: bool = False) -> str:
        arguments = create_arguments(spec, name) | ({"network_mode": "none"} if offline else {})
        with self._asking(f"creating {name}"):
            return str(self._connection.client().containers.create(**arguments).id)

    def start(self, container: str) -> None:
        with self._asking(f"starting {container}"):
            self._connection.client().api.start(container)

    def stop(self, container: str, timeout: float) -> None:
        with self._asking(f"stopping {container}"):
            self._connection.client().api.stop(container, timeout=round(timeout))

    def rename(self, container: str, name: str) -> None:
        with self._asking(f"renaming {container} to {name}"):
            self._connection.client().api.rename(container, name)

    def remove(self, container: str, *, force: bool = False) -> None:
        with self._asking(f"removing {container}"), suppress(NotFound):
            self._connection.client().api.remove_container(container, v=True, force=force)

    def restart_policy(self, container: str, policy: str) -> None:
        with self._asking(f"updating {container}"):
            self._connection.client().api.update_container(
                container,
                restart_policy={"Name": policy},  # type: ignore[arg-type]  # the stubs want a count too
            )

    # -- logs -----------------------------------------------------------------------------------------------

    def tail(self, container: str, lines: int) -> tuple[str, ...]:
        with self._asking(f"reading the log of {container}"):
            raw = self._connection.client().api.logs(container, tail=lines)
        return tuple(raw.decode(errors="replace").splitlines())

    def follow(self, container: str, since: datetime | None, check: Check) -> Iterator[Line]:
        doing = f"reading the log of {container}"
        clients = {stream: self._stream_client(doing) for stream in ("stdout", "stderr")}

        def read(stream: str) -> Iterator[Line]:
            with self._asking(doing):
                chunks = clients[stream].logs(
                    container,
                    stdout=stream == "stdout",
                    stderr=stream == "stderr",
                    stream=True,
                    follow=True,
                    timestamps=True,
                    since=since.timestamp() if since else None,
                )
                yield from reading.log_lines(chunks, stream)

        def cut() -> None:
            for client in clients.values():
                client.cut()

        yield from Pump([partial(read, stream) for stream in clients], cut).items(check)

    # -- commands and files in a container ------------------------------------------------------------------

    def run(self, container: str, command: Iterable[str], check: Check, user: str = "") -> Ran:
        said: list[str] = []
        sink = lambda _stream, chunk: said.append(chunk.decode(errors="replace"))  # noqa: E731 - one line says it
        exit_code = self._exec(container, command, sink, check, user)
        return Ran(exit_code, "".join(said)[-_OUTPUT_KEPT:].strip())

    def stream(
        self, container: str, command: Iterable[str], sink: Callable[[str, bytes], None], check: Check
    ) -> int:
        return self._exec(container, command, sink, check, "")

    def put_file(self, container: str, source: Path, folder: str, name: str) -> None:
        with self._asking(f"copying {source.name} into {container}"):
            client = self._connection.stream_client()
            client.timeout = max(ANSWER_WITHIN, 3600)
            try:
                client.put_archive(container, folder, _archive(source, name))
            finally:
                client.close()

    def _exec(
        self,
        container: str,
        command: Iterable[str],
        sink: Callable[[str, bytes], None],
        check: Check,
        user: str,
    ) -> int:
        doing = f"running a command in {container}"
        with self._asking(doing):
            exec_id = self._connection.client().api.exec_create(container, list(command), user=user)["Id"]
        client = self._stream_client(doing)

        def read() -> Iterator[tuple[bytes | None, bytes | None]]:
            with self._asking(doing):
                yield from client.exec_start(exec_id, stream=True, demux=True)

        # What `sink` raises (a full disk) is not the engine's: it passes here as it is.
        for out, err in Pump([read], client.cut).items(check):
            for stream, chunk in (("stdout", out), ("stderr", err)):
                if chunk:
                    sink(stream, chunk)
        with self._asking(doing):
            return self._exit_code(exec_id)

    def _exit_code(self, exec_id: str) -> int:
        """Return the exit code of an exec whose stream has ended; it is the truth, the end of the stream is not."""
        for _ in range(_EXIT_LOOKS):
            shown = self._connection.client().api.exec_inspect(exec_id)
            if not shown.get("Running") and shown.get("ExitCode") is not None:
                return int(shown["ExitCode"])
            time.sleep(_EXIT_PAUSE)  # the engine learns of the end a moment after the stream has ended
        raise APIError("the command's stream ended before the command did")

    def _stream_client(self, doing: str) -> StreamClient:
        with self._asking(doing):
            return self._connection.stream_client()

    def _asking(self, doing: str, *, pulling: bool = False) -> AbstractContextManager[None]:
        return self._connection.asking(doing, pulling=pulling)


def _archive(source: Path, name: str) -> Iterator[bytes]:
    """Yield a tar archive that holds one file, without reading it whole."""
    size = source.stat().st_size
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o644
    yield entry.tobuf(tarfile.GNU_FORMAT)
    with source.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
    yield b"\0" * (-size % _BLOCK + 2 * _BLOCK)
