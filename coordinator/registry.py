"""Which digest a registry serves for a tag: the registry's HTTP API (v2), without an engine.

Manifest lists and OCI indexes are asked for, so that the digest stands for every platform. Registries without
sign-in, and those that give a token to everybody (Docker Hub), can be asked.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

import httpx

from config.images import DOCKER_HUB, ImageName
from coordinator.conductor.errors import Invalid, Unavailable

_KINDS: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
ACCEPT: Final = ", ".join(_KINDS)
TIMEOUT: Final = httpx.Timeout(10.0, connect=3.0)
_HUB_HOST: Final = "registry-1.docker.io"
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII)
_PARAMETER: Final = re.compile(r'(\w+)="([^"]*)"')
_LONGEST_MANIFEST: Final = 4 * 1024 * 1024
_LONGEST_TOKEN: Final = 64 * 1024


class RegistryClient:
    """Asks registries; safe to share between threads. `plain_http` names those asked without TLS."""

    def __init__(self, plain_http: Collection[str] = (), timeout: httpx.Timeout = TIMEOUT) -> None:
        self._plain_http = frozenset(plain_http)
        self._http = httpx.Client(timeout=timeout, follow_redirects=True, max_redirects=3)

    def close(self) -> None:
        self._http.close()

    def resolve(self, image: str, tag: str) -> str:
        """Return the digest (`sha256:...`) of `image:tag`; a digest given as tag is looked up and returned.

        Raises Invalid (no such image or tag, sign-in wanted) or Unavailable (the registry cannot be asked now).
        """
        name = ImageName.parse(image)
        if not (_TAG.fullmatch(tag) or _DIGEST.fullmatch(tag)):
            raise Invalid(
                f"{tag[:60]!r} is no tag of {image}", hint="Letters, digits, ., _ and -, at most 128."
            )
        url = f"{self._address(name.registry)}/v2/{name.repository}/manifests/{tag}"
        reference = f"{name}@{tag}" if tag.startswith("sha256:") else f"{name}:{tag}"
        with self._explained(name.registry):
            answer, headers = self._ask(name, reference, url)
            _check(answer, name, reference)
            found = answer.headers.get("Docker-Content-Digest", "")
            return found if _DIGEST.fullmatch(found) else self._computed(url, headers, name.registry)

    def _address(self, registry: str) -> str:
        scheme = "http" if registry in self._plain_http else "https"
        return f"{scheme}://{_HUB_HOST if registry == DOCKER_HUB else registry}"

    def _ask(self, name: ImageName, reference: str, url: str) -> tuple[httpx.Response, Mapping[str, str]]:
        """HEAD the manifest, with a token if the registry gives one; return its answer and the headers used."""
        headers = {"Accept": ACCEPT}
        answer = self._http.head(url, headers=headers)
        if answer.status_code != httpx.codes.UNAUTHORIZED:
            return answer, headers
        token = self._token(name, reference, answer.headers.get("WWW-Authenticate", ""))
        headers["Authorization"] = f"Bearer {token}"
        return self._http.head(url, headers=headers), headers

    def _token(self, name: ImageName, reference: str, challenge: str) -> str:
        """Ask where the registry says for a token that everybody gets."""
        scheme, _, rest = challenge.partition(" ")
        asked = dict(_PARAMETER.findall(rest))
        realm = asked.get("realm", "")
        if scheme.lower() != "bearer" or not self._may_be_asked(realm, name.registry):
            raise _sign_in_wanted(name, reference)
        scope = asked.get("scope") or f"repository:{name.repository}:pull"
        query = {"service": asked["service"], "scope": scope} if "service" in asked else {"scope": scope}
        body = self._read("GET", realm, _LONGEST_TOKEN, params=query)
        if body is None:
            raise _sign_in_wanted(name, reference)
        return _token_in(body, name.registry)

    def _may_be_asked(self, realm: str, registry: str) -> bool:
        """Say whether a token may be fetched there: by TLS, or without where the registry has none either."""
        return urlsplit(realm).scheme == "https" or (
            urlsplit(realm).scheme == "http" and registry in self._plain_http
        )

    def _computed(self, url: str, headers: Mapping[str, str], registry: str) -> str:
        """Return the digest of the manifest's bytes, for registries that do not name it."""
        body = self._read("GET", url, _LONGEST_MANIFEST, headers=headers)
        if body is None:
            raise Unavailable(f"registry {registry} names a manifest but does not give it", hint="Try again.")
        return f"sha256:{hashlib.sha256(body).hexdigest()}"

    def _read(
        self,
        method: str,
        url: str,
        longest: int,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> bytes | None:
        """Return the body of a good answer, None of a refusal; Unavailable for one that has no end."""
        with self._http.stream(method, url, headers=headers, params=params) as answer:
            if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
                raise Unavailable(
                    f"{urlsplit(url).netloc} answered {answer.status_code}", hint="Try again later."
                )
            if not answer.is_success:
                return None
            body = b""
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > longest:
                    raise Unavailable(
                        f"{urlsplit(url).netloc} sent more than {longest} bytes where few are expected"
                    )
            return body

    @contextmanager
    def _explained(self, registry: str) -> Iterator[None]:
        """Turn what goes wrong on the way into a sentence."""
        try:
            yield
        except httpx.TimeoutException as error:
            raise Unavailable(
                f"registry {registry} did not answer in time", hint="Check that it runs, then try again."
            ) from error
        except httpx.HTTPError as error:
            hint = "Check its name, and that the coordinator can reach it."
            if "SSL" in str(error) and registry not in self._plain_http:
                hint = f"If it has no TLS, name it: TIDEGATE_PLAIN_HTTP_REGISTRIES={registry}"
            raise Unavailable(f"registry {registry} cannot be reached ({error})", hint=hint) from error
        except httpx.InvalidURL as error:
            raise Invalid(f"{registry} is no registry that can be asked ({error})") from error


def _check(answer: httpx.Response, name: ImageName, reference: str) -> None:
    """Raise unless the registry has the manifest."""
    status = answer.status_code
    if answer.is_success:
        return
    if status == httpx.codes.NOT_FOUND:
        raise Invalid(
            f"registry {name.registry} has no image {reference}",
            hint="Push it, or name the tag that was pushed: `tidegate release create ... --image NAME=TAG`.",
        )
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise _sign_in_wanted(name, reference)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise Unavailable(
            f"registry {name.registry} wants fewer requests now", hint="Try again in some minutes."
        )
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise Unavailable(
            f"registry {name.registry} answered {status} for {reference}", hint="Try again later."
        )
    raise Invalid(
        f"registry {name.registry} answered {status} for {reference}", hint="Is it a registry (API v2)?"
    )


def _sign_in_wanted(name: ImageName, reference: str) -> Invalid:
    return Invalid(
        f"registry {name.registry} does not show {reference} without sign-in: it is private, or there is no such image",
        hint="Check the name. Sign-in at registries comes later; until then the coordinator must be able to read it.",
    )


def _token_in(body: bytes, registry: str) -> str:
    try:
        found = httpx.Response(200, content=body).json()
        token = found.get("token") or found.get("access_token")
    except (ValueError, AttributeError):
        token = None
    if not isinstance(token, str) or not re.fullmatch(r"[!-~]+", token):
        raise Unavailable(
            f"registry {registry} sent no token where one was promised", hint="Try again later."
        )
    return token
