"""Requests to the coordinator: sent again only when that is safe; every failure is a CliError."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from coordinator.cli.answers import AWAY, document, refusal
from coordinator.cli.diagnosis import diagnosed
from coordinator.cli.endpoint import Endpoint
from coordinator.cli.errors import CliError, Refused, Unreachable, WrongUse

PAUSES = (0.25, 0.75, 1.5)  # seconds before the second, third and last try
_LONGEST_PAUSE = 10.0  # seconds; a server that asks for more is not waited for
_TIMES = httpx.Timeout(10, read=60)  # seconds; creating a release waits for a registry
_REPEATABLE = frozenset({"GET", "PUT", "DELETE"})

Params = Mapping[str, str | int | bool | None]


class Calls:
    """Sends requests with the key; `notice` is told, in a sentence, when a request is sent again.

    `pauses` are the seconds before each further try; callers with a patience of their own set it to ().
    """

    def __init__(
        self, endpoint: Endpoint, notice: Callable[[str], None], *, pauses: Sequence[float] = PAUSES
    ) -> None:
        self.url = endpoint.url
        self._notice = notice
        self.pauses = pauses
        headers = {"Authorization": f"Bearer {endpoint.key}", "User-Agent": "tidegate-cli"}
        try:
            self._http = httpx.Client(
                base_url=f"{endpoint.url}/api/v1",
                headers=headers,
                timeout=_TIMES,
                verify=endpoint.url.startswith(
                    "https:"
                ),  # to read the authorities takes longer than a request
            )
        except httpx.InvalidURL as error:
            raise WrongUse(f"{endpoint.url!r} is not an address: {error}.", hint="Check --url.") from error

    def close(self) -> None:
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: object = None,
        yaml: bytes | None = None,
        idempotency_key: str | None = None,
        repeatable: bool = False,
    ) -> Any:  # noqa: ANN401 - a JSON document; the client knows its type
        """Return the answer's JSON document, None where it has none.

        GET, PUT, DELETE, what carries an idempotency key, and what the caller calls repeatable are sent again
        when the answer was lost; others only when nothing of them can have arrived.
        """
        request = self._http.build_request(
            method,
            path,
            params=_given(params),
            json=json,
            content=yaml,
            headers=_headers(is_yaml=yaml is not None, idempotency_key=idempotency_key),
        )
        repeatable = repeatable or method in _REPEATABLE or idempotency_key is not None
        for pause in self.pauses:
            try:
                return self._once(request)
            except (Refused, Unreachable) as error:
                if not _worth_another_try(error, repeatable=repeatable):
                    raise
                self._wait(error, pause)
        return self._once(request)

    @contextmanager
    def stream(
        self, path: str, *, params: Params, headers: Mapping[str, str], silence: float
    ) -> Iterator[Iterator[bytes]]:
        """Open an answer that goes on; Unreachable when it breaks or says nothing for `silence` seconds."""
        times = httpx.Timeout(10, read=silence)
        request = self._http.stream("GET", path, params=_given(params), headers=dict(headers), timeout=times)
        try:
            with request as response:
                if not response.is_success:
                    response.read()
                    raise refusal(response, self.url)
                yield response.iter_bytes()
        except httpx.HTTPError as error:
            raise diagnosed(error, self.url) from error

    def _once(self, request: httpx.Request) -> Any:  # noqa: ANN401 - as send
        try:
            response = self._http.send(request)
        except httpx.HTTPError as error:
            raise diagnosed(error, self.url) from error
        if not response.is_success:
            raise refusal(response, self.url)
        return document(response, self.url)

    def _wait(self, error: CliError, pause: float) -> None:
        self._notice(f"{error.message} Trying again.")
        asked = error.pause if isinstance(error, Refused) else 0.0
        time.sleep(max(pause, asked))


def _worth_another_try(error: Refused | Unreachable, *, repeatable: bool) -> bool:
    if isinstance(error, Unreachable):
        return repeatable or error.nothing_sent
    return repeatable and error.status in AWAY and error.pause <= _LONGEST_PAUSE


def _given(params: Params | None) -> dict[str, str | int | bool]:
    return {name: value for name, value in (params or {}).items() if value is not None}


def _headers(*, is_yaml: bool, idempotency_key: str | None) -> dict[str, str]:
    headers = {"Content-Type": "application/yaml"} if is_yaml else {}
    return headers | ({"Idempotency-Key": idempotency_key} if idempotency_key is not None else {})
