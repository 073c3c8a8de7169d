"""The coordinator's composition root: everything is built here, and nowhere at import.

One process holds the API, the consumer of reports, the relay and the sweeper. Several such processes on one
PostgreSQL and one broker work side by side.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import uvicorn

from config.secret import Secret
from config.settings import CoordinatorSettings
from coordinator.api.app import create_app
from coordinator.cipher import open_cipher
from coordinator.conductor.inbox import Inbox
from coordinator.conductor.keys import make_first_key
from coordinator.conductor.own_keys import coordinator_keys_of
from coordinator.conductor.relay import Relay
from coordinator.conductor.services import Services
from coordinator.conductor.sweeper import Sweeper
from coordinator.domain.pace import Pace
from coordinator.embedded_broker import EmbeddedBroker
from coordinator.registry import RegistryClient
from coordinator.store.database import Store
from coordinator.store.migrating import upgrade
from tasks import clock
from tasks.catalog import kinds
from tasks.celery_app import Delivery, coordinator_worker_options, make_app, register
from tasks.control_list import RedisControlSender
from tasks.envelope import SignedArgs
from tasks.publishing import Publisher
from tasks.reports import REPORTS, report_name
from tasks.running import ConsumerProgram

log = logging.getLogger(__name__)


class PartEndedError(Exception):
    """A part that must run as long as the program does has ended; a supervisor starts the program again."""


@dataclass(frozen=True, slots=True)
class Woken:
    """Wakes the relay and the sweeper of this process."""

    relay: threading.Event
    sweeper: threading.Event

    def __call__(self) -> None:
        self.relay.set()
        self.sweeper.set()


def serve(settings: CoordinatorSettings) -> None:
    """Run until SIGTERM or SIGINT; the state folder holds everything a second start needs."""
    asked_to_end = _note_signals()
    settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        settings = _with_broker(settings, stack)
        store = Store(database_url(settings))
        stack.callback(store.close)
        upgrade(store)
        woken = Woken(threading.Event(), threading.Event())
        services = build_services(settings, store, woken)
        stack.enter_context(conducting(services, woken))
        _announce(settings, make_first_key(store, settings.state_dir, clock.now()))
        _serve_api(services, asked_to_end)


def build_services(settings: CoordinatorSettings, store: Store, wake: Callable[[], None]) -> Services:
    """Put together what use cases are given."""
    cipher = open_cipher(_text(settings.secret_key), settings.state_dir)
    return Services(
        store=store,
        settings=settings,
        cipher=cipher,
        keys=coordinator_keys_of(store, cipher, clock.now()),
        kinds=kinds(),
        digests=RegistryClient(settings.plain_http_registries),
        wake=wake,
        now=clock.now,
        pace=Pace(lease=settings.lease, accept_within=settings.accept_within),
    )


@contextmanager
def conducting(services: Services, woken: Woken) -> Iterator[None]:
    """Run the consumer, the relay and the sweeper in threads while the block lasts."""
    broker_url = _text(services.settings.broker_url) or ""
    options = coordinator_worker_options()
    app = make_app("tidegate-coordinator", broker_url, options)
    sender, controls = Publisher(app), RedisControlSender(broker_url)
    inbox = Inbox(services, controls)
    for kind in REPORTS:
        register(app, report_name(kind), partial(_take_in, inbox, kind))
    consumer = ConsumerProgram(app, options)
    stop = threading.Event()
    parts: dict[str, Callable[[], None]] = {
        "consumer": consumer.run,
        "relay": partial(Relay(services, sender, controls, woken.relay).run, stop),
        "sweeper": partial(Sweeper(services, sender, woken.sweeper).run, stop),
    }
    ended: list[str] = []
    threads = [
        threading.Thread(target=_watched, args=(name, run, stop, ended), name=name)
        for name, run in parts.items()
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        consumer.stop()
        woken()
        for thread in threads:
            thread.join()
        sender.close()
        controls.close()
    if ended:
        raise PartEndedError(
            f"the {ended[0]} ended by itself: see the log above, and start the coordinator again"
        )


def _watched(name: str, run: Callable[[], None], stop: threading.Event, ended: list[str]) -> None:
    """Run a part; if it ends unasked, end the program: an API that hears no host would only look alive."""
    try:
        run()
    except Exception:
        log.exception("the %s failed", name)
    if not stop.is_set():
        ended.append(name)
        os.kill(os.getpid(), signal.SIGTERM)


def _take_in(inbox: Inbox, kind: str, _delivery: Delivery, args: SignedArgs) -> None:
    inbox.receive(kind, args)


def _with_broker(settings: CoordinatorSettings, stack: ExitStack) -> CoordinatorSettings:
    if settings.broker_url is not None:
        return settings
    broker = EmbeddedBroker(settings.state_dir, settings.broker_bind)
    broker.start()
    stack.callback(broker.stop)
    return settings.model_copy(update={"broker_url": Secret(broker.url)})


def database_url(settings: CoordinatorSettings) -> str:
    return _text(settings.database_url) or f"sqlite:///{settings.state_dir.resolve() / 'tidegate.db'}"


def _announce(settings: CoordinatorSettings, first_key: Path | None) -> None:
    log.info("the API answers at %s, state is in %s", settings.api_url, settings.state_dir)
    if first_key is not None:
        log.info("the first API key is in %s: keep it like a password", first_key)


def _note_signals() -> threading.Event:
    """Take over SIGTERM and SIGINT: uvicorn stops on them and then raises them again, which would end us half-way."""
    noted = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: noted.set())
    return noted


def _serve_api(services: Services, asked_to_end: threading.Event) -> None:
    address, _, port = services.settings.bind.rpartition(":")
    servers: list[uvicorn.Server] = []
    app = create_app(services, stopping=lambda: any(server.should_exit for server in servers))
    config = uvicorn.Config(
        app,
        host=address.strip("[]"),
        port=int(port),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    servers.append(uvicorn.Server(config))
    if not asked_to_end.is_set():
        servers[0].run()


def _text(secret: Secret | None) -> str | None:
    return secret.reveal() if secret is not None else None
