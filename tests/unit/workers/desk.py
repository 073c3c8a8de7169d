"""A coordinator's desk for tests of the worker: signs orders, reads reports off the broker, confirms them."""

import base64
import json
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from kombu import pools
from redis import Redis
from redis.exceptions import RedisError

from tasks import clock, envelope
from tasks.catalog import task_name
from tasks.celery_app import make_app
from tasks.control_list import RedisControlSender
from tasks.envelope import Payload
from tasks.joining import CoordinatorContact, JoinFile, join_secret
from tasks.keys import HostKeys, PublicKeys, key_id_of, verify_key
from tasks.publishing import BrokerUnavailable, Publisher
from tasks.queues import host_queue
from tasks.reports import Join
from tasks.sealing import seal_parameters

SECRET = "join-me-once"


@dataclass(frozen=True)
class Report:
    """A genuine report as the coordinator sees it."""

    kind: str
    attempt: str | None
    seq: int
    body: dict


@dataclass
class Desk:
    """`url` is the broker as this process reaches it; `confirming` says whether reports are confirmed."""

    url: str
    host: str
    keys: HostKeys = field(default_factory=HostKeys.generate)
    confirming: bool = True
    host_keys: PublicKeys | None = None
    reports: list[Report] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    epoch: int = 1

    def __post_init__(self):
        self._app = make_app("coordinator", self.url)
        self._publisher = Publisher(self._app)
        self._control = RedisControlSender(self.url)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def close(self):
        self._stop.set()
        self._thread.join(5)
        pools.reset()  # kombu keeps pools per URL in the process: a closed one would meet the next desk
        self._control.close()

    def join_file(self, path: Path, broker_url: str) -> Path:
        """Write the join file; `broker_url` is the broker as the worker reaches it."""
        contact = CoordinatorContact(url="http://coordinator", **self.keys.public.model_dump())
        JoinFile(host=self.host, broker_url=broker_url, coordinator=contact, secret=SECRET).save(path)
        return path

    # -- to the worker

    def payload(self, attempt, kind, parameters, **more) -> Payload:
        """Return an order's payload; `attempt` is like `shop-1-aaaa.web@web-1.1`."""
        now = clock.now().timestamp()
        deployment, task, _ = attempt.split(".")
        secrets = more.pop("secrets", {})
        sealed_parameters, sealed = parameters, ""
        if secrets:
            sealed_parameters, sealed = seal_parameters(parameters, secrets, self.host_keys.seal)
        body = {
            "project": "shop",
            "environment": "uat",
            "release": more.pop("release", "1.0.0"),
            "plan_hash": "p",
            "step": task.split("@")[0],
            "uses": kind,
            "host": self.host,
            "parameters": sealed_parameters,
            "sealed": sealed,
            "images": more.pop("images", {}),
            "timeout": more.pop("timeout", 120.0),
        }
        fields = {
            "from_": "coordinator",
            "to": self.host,
            "kind": kind,
            "deployment": deployment,
            "task": task,
            "attempt": attempt,
            "epoch": self.epoch,
            "iat": now,
            "exp": now + 60,
            "body": body,
        }
        return Payload(**{**fields, **more})

    def order(self, attempt, kind, parameters, **more):
        """Send an order and return its signed arguments."""
        args = envelope.sign(self.payload(attempt, kind, parameters, **more), self.keys)
        self.send(attempt, kind, args)
        return args

    def send(self, attempt, kind, args):
        self._publisher.send(
            host_queue(self.host), task_name(kind), args, task_id=attempt, summary=f"an order for {self.host}"
        )

    def control(self, kind, **body):
        now = clock.now().timestamp()
        payload = Payload(from_="coordinator", to=self.host, kind=kind, iat=now, exp=now + 3600, body=body)
        self._control.send(self.host, envelope.sign(payload, self.keys))

    # -- from the worker

    def of(self, attempt, kind=None):
        """Return the reports of an attempt, each number once, in order."""
        numbered = {r.seq: r for r in self.reports if r.attempt == attempt and kind in (None, r.kind)}
        return [numbered[seq] for seq in sorted(numbered)]

    def final(self, attempt):
        found = self.of(attempt, "finished")
        return found[-1].body if found else None

    def log(self, attempt):
        return [line["text"] for r in self.of(attempt, "log") for line in r.body["lines"]]

    def _read(self):
        broker = Redis.from_url(self.url, socket_timeout=10, socket_connect_timeout=3)
        stored = defaultdict(set)
        while not self._stop.is_set():
            try:
                found = broker.brpop(["coordinator"], timeout=1)
                if found:
                    self._take(found[1], stored)
            except (RedisError, OSError, BrokerUnavailable):
                self._stop.wait(0.1)
        broker.close()

    def _take(self, item, stored):
        message = json.loads(item)
        self.raw.append(base64.b64decode(message["body"]).decode() + json.dumps(message["headers"]))
        args = json.loads(base64.b64decode(message["body"]))[0]
        kind = message["headers"]["task"].removeprefix("tidegate.report.")
        if kind == "join":
            self._join(args)
            return
        payload = envelope.verify(args, keys=self._key, to="coordinator", kind=kind, now=clock.now())
        self.reports.append(Report(kind, payload.attempt, payload.seq, payload.body))
        if payload.attempt and self.confirming and kind != "refused":
            seen = stored[payload.attempt]
            seen.add(payload.seq)
            through = next(n for n in range(1, len(seen) + 2) if n not in seen) - 1
            last = self.of(payload.attempt, "finished")
            final = bool(last) and last[-1].seq <= through
            self.control("confirm", attempt=payload.attempt, through=through, final=final)

    def _join(self, args):
        body = Join.model_validate(envelope.read_unverified(args).body)
        assert join_secret(body, self.keys) == SECRET
        key_id = key_id_of(verify_key(body.sign))
        self.host_keys = PublicKeys(key_id=key_id, sign=body.sign, seal=body.seal)
        self.control("welcome", host=self.host)

    def _key(self, sender, key_id):
        known = self.host_keys
        return known.verify_key() if known and (sender, key_id) == (self.host, known.key_id) else None
