"""Turns what httpx raises into one sentence and what to do about it."""

import socket
import ssl
from collections.abc import Iterator

import httpx

from coordinator.cli.errors import NoAnswer, Unreachable

_START = "Is the coordinator running, and is --url (or TIDEGATE_URL) right?"
_AUTHORITY = (
    "If an authority of your own signed it, set SSL_CERT_FILE to that authority's certificate; "
    "otherwise check that --url names the coordinator."
)


def diagnosed(error: Exception, url: str) -> NoAnswer:
    """Return what is to be said about a request to `url` that got no answer."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NoAnswer(
                f"The certificate of {url} is not trusted: {cause.verify_message}.", hint=_AUTHORITY
            )
        if isinstance(cause, ssl.SSLError):
            return _no_tls(url)
        if isinstance(cause, socket.gaierror):
            host = httpx.URL(url).host
            hint = "Check --url (or TIDEGATE_URL)."
            return Unreachable(f"The name {host} cannot be resolved.", hint=hint, nothing_sent=True)
    if isinstance(error, httpx.RemoteProtocolError):
        return _broken(error, url)
    said = "did not answer in time" if isinstance(error, httpx.TimeoutException) else _failure(error)
    nothing_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
    return Unreachable(f"The coordinator at {url} {said}.", hint=_START, nothing_sent=nothing_sent)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _no_tls(url: str) -> NoAnswer:
    return NoAnswer(
        f"What answers at {url} does not speak TLS as expected.",
        hint=f"If the coordinator listens without TLS, its address is http:{url.partition(':')[2]}",
    )


def _broken(error: httpx.RemoteProtocolError, url: str) -> NoAnswer:
    hint = _START
    if url.startswith("http:"):
        hint = f"{_START} If it listens with TLS, its address is https:{url.partition(':')[2]}"
    return Unreachable(f"The coordinator at {url} broke off: {_sentence_part(str(error))}.", hint=hint)


def _failure(error: Exception) -> str:
    systems = (cause.strerror for cause in _causes(error) if isinstance(cause, OSError) and cause.strerror)
    reason = next(systems, str(error) or type(error).__name__)
    return f"cannot be reached: {_sentence_part(reason)}"


def _sentence_part(text: str) -> str:
    plain = text.rstrip(".")
    return plain[:1].lower() + plain[1:]
