"""check_http: asked until it answers as declared."""

from urllib.parse import urlsplit

from pydantic import JsonValue

from config.secret import Secret
from config.steps.check_http import CheckHttp
from tasks import clock
from workers.context import Context
from workers.docker.failures import short
from workers.errors import StepFailed
from workers.probing import NoAnswer, get


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
            status, reason = _ask(parameters)
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


def _ask(wanted: CheckHttp) -> tuple[int, str]:
    """Return the status and why that is not good; "" when it is."""
    headers = {k: v.reveal() if isinstance(v, Secret) else v for k, v in wanted.headers.items()}
    try:
        answer = get(wanted.url, headers, wanted.timeout.total_seconds(), read=wanted.contains is not None)
    except NoAnswer as error:
        return 0, f"no answer ({short(str(error))})"
    if not wanted.status.includes(answer.status):
        return answer.status, f"it answered {answer.status}, expected {wanted.status}"
    if wanted.contains is not None and wanted.contains not in answer.body:
        return answer.status, f"its answer {answer.status} does not contain {wanted.contains!r}"
    return answer.status, ""


def _where(wanted: CheckHttp) -> str:
    """Return the address without what may be secret in it: its query and its user."""
    parts = urlsplit(wanted.url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
