"""check_http: asked until it answers as declared."""

from urllib.parse import urlsplit

import httpx
from pydantic import JsonValue

from config.secret import Secret
from config.steps.check_http import CheckHttp
from tasks import clock
from workers.context import Context
from workers.docker.failures import short
from workers.errors import StepFailed

LONGEST_BODY = 1024 * 1024  # bytes that are searched for `contains`


class Handler:
    """Ask every `interval` until the answer is good, or `deadline` has passed."""

    def run(self, parameters: CheckHttp, context: Context) -> dict[str, JsonValue]:
        """Return `{"status": 200, "tries": 3, "seconds": 4.1}`."""
        began = clock.monotonic()
        tries = 0
        said = ""
        while True:
            context.check()
            tries += 1
            status, reason = _ask(parameters, context)
            seconds = round(clock.monotonic() - began, 3)
            if not reason:
                context.say(f"{_where(parameters)} answered {status} after {seconds} s")
                return {"status": status, "tries": tries, "seconds": seconds}
            if reason != said:
                context.say(reason)
                said = reason
            if seconds + parameters.interval.total_seconds() > parameters.deadline.total_seconds():
                raise StepFailed(
                    "check_failed",
                    f"{_where(parameters)} did not answer well within"
                    f" {parameters.deadline.total_seconds():g} s ({tries} tries): {reason}",
                    hint="open the address from this host, and read the log of what serves it",
                    retryable=True,
                )
            context.wait(parameters.interval.total_seconds())


def _ask(wanted: CheckHttp, context: Context) -> tuple[int, str]:
    """Return the status and why that is not good; "" when it is."""
    headers = {k: v.reveal() if isinstance(v, Secret) else v for k, v in wanted.headers.items()}
    try:
        with context.http.stream(
            "GET", wanted.url, headers=headers, timeout=wanted.timeout.total_seconds()
        ) as answer:
            if not wanted.status.includes(answer.status_code):
                return (
                    answer.status_code,
                    f"it answered {answer.status_code}, expected {wanted.status}",
                )
            if wanted.contains is not None and wanted.contains not in _body(answer):
                return (
                    answer.status_code,
                    f"its answer {answer.status_code} does not contain {wanted.contains!r}",
                )
            return answer.status_code, ""
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return 0, f"no answer ({type(error).__name__}: {short(str(error))})"


def _body(answer: httpx.Response) -> str:
    got = b""
    for chunk in answer.iter_bytes():
        got += chunk
        if len(got) >= LONGEST_BODY:
            break
    return got.decode(answer.encoding or "utf-8", errors="replace")


def _where(wanted: CheckHttp) -> str:
    """Return the address without what may be secret in it: its query and its user."""
    parts = urlsplit(wanted.url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
