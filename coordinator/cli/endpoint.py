"""Where the coordinator is and who asks: from options first, then from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from coordinator.cli.errors import WrongUse

DEFAULT_URL = "http://127.0.0.1:8420"
_NO_KEY = (
    "Give one with --key, --key-file, TIDEGATE_KEY or TIDEGATE_KEY_FILE. "
    "The first key lies in `admin.key` in the coordinator's state directory; `tidegate keys create` makes others."
)


@dataclass(frozen=True, slots=True)
class Options:
    """What every command takes; None and False mean not given."""

    url: str | None = None
    key: str | None = field(default=None, repr=False)
    key_file: Path | None = None
    json: bool = False

    def over(self, outer: Self) -> "Options":
        """Return these options, and those of `outer` where these say nothing."""
        gives_key = self.key is not None or self.key_file is not None
        source = self if gives_key else outer
        return Options(self.url or outer.url, source.key, source.key_file, self.json or outer.json)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The coordinator's address without a slash at its end, and the key."""

    url: str
    key: str = field(repr=False)


def endpoint(options: Options, environment: Mapping[str, str]) -> Endpoint:
    """Return where to send requests; raises WrongUse when the address or the key is unusable."""
    url = options.url or environment.get("TIDEGATE_URL") or DEFAULT_URL
    return Endpoint(_checked_url(url), _checked_key(_key(options, environment)))


def _checked_url(url: str) -> str:
    hint = "Expected an address such as https://tidegate.example.com, in --url or TIDEGATE_URL."
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(not "!" <= letter <= "~" for letter in url):
        raise WrongUse(f"{url!r} is not the address of a coordinator.", hint=hint)
    return url.rstrip("/").removesuffix("/api/v1")


def _key(options: Options, environment: Mapping[str, str]) -> str:
    if options.key is not None and options.key_file is not None:
        raise WrongUse("--key and --key-file are both given.", hint="Give one of them.")
    if options.key is not None:
        return options.key
    if options.key_file is not None:
        return _read(options.key_file, "--key-file")
    if environment.get("TIDEGATE_KEY"):
        return environment["TIDEGATE_KEY"]
    if environment.get("TIDEGATE_KEY_FILE"):
        return _read(Path(environment["TIDEGATE_KEY_FILE"]), "TIDEGATE_KEY_FILE")
    raise WrongUse("No API key is given.", hint=_NO_KEY)


def _read(path: Path, origin: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise WrongUse(
            f"The key file {path} ({origin}) cannot be read: {error.strerror}.", hint=_NO_KEY
        ) from error
    except UnicodeDecodeError:
        raise WrongUse(f"The key file {path} ({origin}) does not hold a key.", hint=_NO_KEY) from None


def _checked_key(key: str) -> str:
    stripped = key.strip()
    if not stripped or any(not "!" <= letter <= "~" for letter in stripped):
        raise WrongUse("The API key holds characters that no key has, or is empty.", hint=_NO_KEY)
    return stripped
