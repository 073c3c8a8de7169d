"""The connection to one engine through the docker SDK, and its errors in our words."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException
from docker.types import CancellableStream

from workers.docker.failures import explain, unreachable
from workers.errors import StepFailed

ANSWER_WITHIN = 60  # seconds that the engine may take for one answer


class StreamClient(docker.APIClient):
    """An SDK client that remembers its last answer, so that a stream of it can be cut off from outside."""

    answer: requests.Response | None = None

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # noqa: ANN401 - as requests has it
        self.answer = super().send(request, **options)
        return self.answer

    def cut(self) -> None:
        """Shut the socket under a stream; a read that waits on it ends. Safe to call more than once."""
        if self.answer is not None:
            with contextlib.suppress(DockerException, OSError, AttributeError, ValueError):
                CancellableStream(iter(()), self.answer).close()
        self.close()


class Connection:
    """Connects when first asked, and again after the engine was away."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._client: docker.DockerClient | None = None

    def client(self) -> docker.DockerClient:
        """Return the shared client; raises what the SDK raises when nobody answers."""
        with self._lock:
            if self._client is None:
                self._client = docker.DockerClient(base_url=self.url, timeout=ANSWER_WITHIN)
            return self._client

    def stream_client(self) -> StreamClient:
        """Return a client of the caller's own, whose streams may be cut."""
        return StreamClient(base_url=self.url, version=self.client().api.api_version, timeout=ANSWER_WITHIN)

    @contextlib.contextmanager
    def asking(self, doing: str, *, pulling: bool = False) -> Iterator[None]:
        """Turn what the SDK raises while `doing` into a StepFailed."""
        try:
            yield
        except APIError as error:
            raise explain(str(error.explanation or error), doing, pulling=pulling) from None
        except (requests.exceptions.RequestException, DockerException, OSError) as error:
            raise self._away(doing, error) from None

    def _away(self, doing: str, error: Exception) -> StepFailed:
        return unreachable(self.url, doing, str(error))
