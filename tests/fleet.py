"""Simulated hosts: the real contract on the real broker, and no Docker behind it.

Each host has keys of its own, takes orders from its own queue, keeps a journal in memory, answers a repeated order
from it, and repeats final reports until they are confirmed. What a step does is nothing, after a given time. For
tests of scale and of the coordinator's own failures; real workers are tested in tests/lab.
"""

import base64
import heapq
import json
import threading
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from redis import Redis
from redis.exceptions import RedisError

from coordinator.store import hosts
from coordinator.store.database import Store
from tasks import clock
from tasks.celery_app import make_app
from tasks.envelope import COORDINATOR, Payload, sign, verify
from tasks.keys import HostKeys, PublicKeys
from tasks.publishing import BrokerUnavailable, Outgoing, Publisher
from tasks.queues import control_list, host_queue
from tasks.reports import report_name

RENEW_EVERY = 1.0
REPEAT_EVERY = 2.0


@dataclass
class SimulatedHost:
    """What one host remembers."""

    name: str
    keys: HostKeys = field(default_factory=HostKeys.generate)
    journal: dict[str, list[Payload]] = field(default_factory=dict)  # attempt -> its reports so far
    running: set[str] = field(default_factory=set)
    unconfirmed: set[str] = field(default_factory=set)


class Fleet:
    """Hosts in one thread; `ran` counts how often each attempt was really carried out."""

    def __init__(self, broker_url: str, names: Iterable[str], *, step_takes: float = 0.05) -> None:
        self.hosts = {name: SimulatedHost(name) for name in names}
        self.ran: Counter[str] = Counter()
        self.orders = 0
        self._url, self._takes = broker_url, step_takes
        self._publisher = Publisher(make_app("fleet", broker_url))
        self._coordinator: PublicKeys | None = None
        self._due: list[tuple[float, str, str]] = []  # (when, host, attempt)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fleet")

    def join(self, store: Store, coordinator: PublicKeys, now: datetime) -> None:
        """Put every host's public keys into the database, as a join would; the hosts must be declared."""
        self._coordinator = coordinator
        with store.write() as tx:
            for host in self.hosts.values():
                public = host.keys.public
                values = {"key_id": public.key_id, "sign_key": public.sign, "seal_key": public.seal}
                hosts.save_joined(tx, host.name, {**values, "worker_version": "simulated"}, now)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()
        self._publisher.close()

    def _run(self) -> None:
        client = Redis.from_url(self._url, socket_timeout=5)
        keys = [key for name in self.hosts for key in (host_queue(name), control_list(name))]
        renew_at = repeat_at = clock.monotonic()
        while not self._stop.is_set():
            try:
                found = client.brpop(keys, timeout=0.02)
                while found is not None:
                    self._take(found[0].decode(), found[1])
                    found = client.brpop(keys, timeout=0.001) if len(self._due) < 500 else None
                self._finish_due()
                if clock.monotonic() > renew_at:
                    renew_at = clock.monotonic() + RENEW_EVERY
                    self._renew()
                if clock.monotonic() > repeat_at:
                    repeat_at = clock.monotonic() + REPEAT_EVERY
                    self._repeat()
            except (RedisError, BrokerUnavailable):
                clock.pause(0.2)
        client.close()

    def _take(self, key: str, raw: bytes) -> None:
        message = json.loads(raw)
        if key.startswith("ctl."):
            self._control(self.hosts[key.removeprefix("ctl.")], message)
            return
        args = json.loads(base64.b64decode(message["body"]))[0]
        self._order(self.hosts[key.removeprefix("host.")], args)

    def _order(self, host: SimulatedHost, args: list[str]) -> None:
        payload = self._verified(host, args)
        attempt = str(payload.attempt)
        self.orders += 1
        if attempt in host.journal:
            self._send(host, host.journal[attempt])
            return
        host.journal[attempt] = []
        host.running.add(attempt)
        self.ran[attempt] += 1
        self._say(host, attempt, "accepted", {})
        heapq.heappush(self._due, (clock.monotonic() + self._takes, host.name, attempt))

    def _control(self, host: SimulatedHost, args: list[str]) -> None:
        payload = self._verified(host, args)
        if payload.kind == "confirm":
            host.unconfirmed.discard(payload.body["attempt"])

    def _verified(self, host: SimulatedHost, args: list[str]) -> Payload:
        known = self._coordinator
        assert known is not None
        return verify(args, keys=lambda *_: known.verify_key(), to=host.name, kind=None, now=clock.now())

    def _finish_due(self) -> None:
        while self._due and self._due[0][0] <= clock.monotonic():
            _, name, attempt = heapq.heappop(self._due)
            host = self.hosts[name]
            host.running.discard(attempt)
            host.unconfirmed.add(attempt)
            self._say(host, attempt, "finished", {"outcome": "succeeded", "duration": self._takes})

    def _renew(self) -> None:
        for host in self.hosts.values():
            if host.running:
                self._send(host, [self._payload(host, None, "lease", 0, {"attempts": sorted(host.running)})])

    def _repeat(self) -> None:
        for host in self.hosts.values():
            for attempt in host.unconfirmed:
                self._send(host, host.journal[attempt])

    def _say(self, host: SimulatedHost, attempt: str, kind: str, body: dict[str, object]) -> None:
        reports = host.journal[attempt]
        reports.append(self._payload(host, attempt, kind, len(reports) + 1, body))
        self._send(host, reports[-1:])

    def _payload(
        self, host: SimulatedHost, attempt: str | None, kind: str, seq: int, body: dict[str, object]
    ) -> Payload:
        now = clock.now().timestamp()
        return Payload(
            from_=host.name,
            to=COORDINATOR,
            kind=kind,
            attempt=attempt,
            seq=seq,
            iat=now,
            exp=now + 3600,
            body=body,
        )

    def _send(self, host: SimulatedHost, payloads: list[Payload]) -> None:
        with suppress(BrokerUnavailable):  # `_repeat` says it again
            self._publisher.send_all(
                Outgoing(
                    "coordinator", report_name(p.kind), sign(p, host.keys), f"{p.attempt}.{p.seq}", p.kind
                )
                for p in payloads
            )
