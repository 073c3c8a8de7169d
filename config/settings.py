"""What the operator sets, from the environment: one class per program.

`TIDEGATE_DATABASE_URL_FILE=/run/secrets/database` reads the value of `TIDEGATE_DATABASE_URL` from that file; every
setting has such a variant. Read by the same models as the files, so that a wrong value gets the same sentence.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, ClassVar, Final, Self

from config.declared import Declared
from config.document import Document
from config.durations import Duration
from config.expectations import Reads, shaped
from config.explaining import read_model
from config.names import PositiveCount
from config.problems import DeclarationError, Problem, refusal
from config.secret import Secret

SOURCE: Final = "environment"
_FILE: Final = "_FILE"
_MISSPELT: Final = (
    0.85  # how close an unknown variable must be to one of ours: other programs share the prefix
)


def _path(value: object) -> Path:
    if isinstance(value, str | Path) and str(value) and "\0" not in str(value):
        return Path(value)
    raise refusal("a path such as /var/lib/tidegate")


def _listed(value: object) -> tuple[str, ...]:
    """`a, b` as two; from code a tuple as it is."""
    if isinstance(value, str):
        return tuple(each.strip() for each in value.split(",") if each.strip())
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return tuple(value)
    raise refusal("names separated by commas, such as registry:5000, 10.0.0.9:5000")


SystemPath = Annotated[Path, Reads(_path, {"type": "string"}, write=str)]
Listed = Annotated[tuple[str, ...], Reads(_listed, {"type": "string"})]
Url = Annotated[str, shaped(r"https?://[!-~]+[^/]", "an address such as https://tidegate.example.com")]
Bind = Annotated[
    str, shaped(r"(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}", "address:port, such as 127.0.0.1:8420")
]
Prefix = Annotated[
    str,
    shaped(
        r"(?:[a-z0-9][a-z0-9-]*-)?",
        "lower case letters, digits and -, ending in -, such as web-1-",
        longest=60,
    ),
]


class Settings(Declared):
    """The parent of each program's settings."""

    prefix: ClassVar[str] = "TIDEGATE_"

    @classmethod
    def read(cls, environ: Mapping[str, str], **given: object) -> Self:
        """Read the settings; what is `given` (from the command line, not None) wins over the environment.

        DeclarationError tells every problem at once.
        """
        problems = list(cls._misspelt(environ))
        values: dict[str, object] = {}
        for name in cls.model_fields:
            try:
                found = _from_environment(environ, f"{cls.prefix}{name.upper()}")
            except DeclarationError as refused:
                problems.extend(refused.problems)
                continue
            if found is not None:
                values[name] = found
        values |= {name: value for name, value in given.items() if value is not None}
        settings, found_problems = read_model(cls, values, Document(SOURCE, values))
        problems.extend(replace(each, path=f"{cls.prefix}{each.path.upper()}") for each in found_problems)
        if settings is None or problems:
            raise DeclarationError(SOURCE, problems)
        return settings

    @classmethod
    def _misspelt(cls, environ: Mapping[str, str]) -> Iterator[Problem]:
        ours = cls._names()
        known = {name for program in Settings.__subclasses__() for name in program._names()}  # noqa: SLF001 - our own
        for name in sorted(environ.keys() - known):
            near = get_close_matches(name, ours, n=1, cutoff=_MISSPELT) if name.startswith(cls.prefix) else []
            if near:
                yield Problem(SOURCE, name, None, None, "there is no such setting", nearest=near[0])

    @classmethod
    def _names(cls) -> list[str]:
        return [f"{cls.prefix}{name.upper()}{end}" for name in cls.model_fields for end in ("", _FILE)]


def _from_environment(environ: Mapping[str, str], name: str) -> str | None:
    """Return the value, or the contents of the file that `..._FILE` names, without the newline at its end."""
    if name in environ and f"{name}{_FILE}" in environ:
        message, expected = f"{name} and {name}{_FILE} are both set", "one of them"
    elif f"{name}{_FILE}" not in environ:
        return environ.get(name)
    else:
        file = environ[f"{name}{_FILE}"]
        try:
            return Path(file).read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, ValueError) as broken:
            message, expected = f"{file} cannot be read ({broken})", "a file with the value"
    raise DeclarationError(SOURCE, [Problem(SOURCE, f"{name}{_FILE}", None, None, message, expected)])


class CoordinatorSettings(Settings):
    """Of `tidegate up`."""

    state_dir: SystemPath = Path(".tidegate")
    """Database, keys, embedded broker's data; made with mode 0700."""
    database_url: Secret | None = None
    """None: SQLite in the state folder."""
    broker_url: Secret | None = None
    """None: the embedded broker."""
    broker_bind: Bind = "127.0.0.1:8421"
    """Where the embedded broker listens; hosts must reach this address."""
    bind: Bind = "127.0.0.1:8420"
    public_url: Url | None = None
    """How hosts and people reach the API; None: http:// and `bind`."""
    plain_http_registries: Listed = ()
    """Registries asked without TLS, such as registry:5000."""
    secret_key: Secret | None = None
    """Encrypts stored secrets (32 bytes, base64); None: made once, kept in the state folder."""
    accept_within: Duration = timedelta(seconds=5)
    """An order not accepted by then is sent again."""
    lease: Duration = timedelta(seconds=45)
    """An attempt whose host was silent for so long is lost."""

    @property
    def api_url(self) -> str:
        """Where the API is reached."""
        return self.public_url or f"http://{self.bind}"


class FlowerSettings(Settings):
    """Of the window that shows the hosts' tasks."""

    state_dir: SystemPath = Path(".tidegate")
    """The coordinator's: holds the embedded broker's password, and the window's own."""
    broker_url: Secret | None = None
    """None: the embedded broker of the coordinator with this state folder."""
    broker_bind: Bind = "127.0.0.1:8421"
    """Where the embedded broker listens."""
    flower_bind: Bind = "127.0.0.1:5555"
    """Where the pages are; whoever reaches it needs the password."""
    flower_password: Secret | None = None
    """None: made once, kept in the state folder."""


class WorkerSettings(Settings):
    """Of `tidegate worker`. A prefix of its own: a worker may run beside a coordinator, in the same environment."""

    prefix: ClassVar[str] = "TIDEGATE_WORKER_"

    state_dir: SystemPath = Path(".tidegate/worker")
    """Keys, journal and backups; made with mode 0700."""
    join: SystemPath | None = None
    """The join file; needed until the host has joined."""
    docker_host: Annotated[
        str, shaped(r"(?:unix|tcp|ssh)://[!-~]+", "an engine's address such as unix:///var/run/docker.sock")
    ] = "unix:///var/run/docker.sock"
    instance_prefix: Prefix = ""
    """Before the names of containers, for several workers on one engine."""
    renew_every: Duration = timedelta(seconds=10)
    """How often the leases of running attempts are renewed."""
    resend_every: Duration = timedelta(seconds=5)
    """How often unconfirmed reports are sent again."""
    slots: PositiveCount = 32
    """Threads at most; the coordinator decides how much runs at once."""


class ClientSettings(Settings):
    """Of the command line."""

    url: Url = "http://127.0.0.1:8420"
    key: Secret | None = None
    """The API key."""
