"""Every table. State is rows: no column and no query whose size is the plan's.

`declared` side: projects, hosts, api_keys, secret_versions, releases, coordinator_keys, idempotency_keys.
`running` side: locks, deployments, stages, stage_needs, tasks, attempts, reports, interruptions, timers,
outbox, continuations.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from coordinator.store.columns import Json, Utc

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts rows with INTEGER PRIMARY KEY only; PostgreSQL has room for more.
_Serial = BigInteger().with_variant(Integer(), "sqlite")

projects = Table(
    "projects",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("source", Text, nullable=False),  # tidegate.yaml as it was applied
    Column("revision", Integer, nullable=False),  # counts applies; the ETag
    Column("deployments_made", Integer, nullable=False, default=0),  # numbers the next deployment
    Column("applied_at", Utc, nullable=False),
    Column("applied_by", String(200), nullable=False),
)

hosts = Table(
    "hosts",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("address", String(255), nullable=False, default=""),
    Column("environments", Json, nullable=False),
    Column("roles", Json, nullable=False),
    Column("labels", Json, nullable=False),
    Column("variables", Json, nullable=False),
    Column("added_at", Utc, nullable=False),
    Column("removed_at", Utc),
    Column("in_use", Integer, nullable=False, default=0),  # tasks sent to it and not ended
    Column("join_secret_hash", String(64)),  # SHA-256 in hex; empty once used
    Column("key_id", String(32)),
    Column("sign_key", String(64)),  # base64, public
    Column("seal_key", String(64)),  # base64, public
    Column("joined_at", Utc),
    Column("seen_at", Utc),
    Column("incarnation", String(64)),
    Column("worker_version", String(40)),
    Column("clock_offset", Float, nullable=False, default=0.0),  # seconds the host's clock is ahead
    Column("engine", Json),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("groups", Json, nullable=False),
    Column("hash", String(64), nullable=False, unique=True),  # SHA-256 in hex of a 256-bit random key
    Column("created_at", Utc, nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("revoked_at", Utc),
)

secret_versions = Table(
    "secret_versions",
    metadata,
    Column("serial", _Serial, primary_key=True, autoincrement=True),  # the newest of a key is current
    Column("id", String(40), nullable=False, unique=True),
    Column("project", String(63), ForeignKey("projects.name"), nullable=False),
    Column("key", String(300), nullable=False),  # domain.plan.secret_key
    Column("ciphertext", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("created_by", String(200), nullable=False),
    Index(None, "project", "key"),
)

releases = Table(
    "releases",
    metadata,
    Column("project", String(63), ForeignKey("projects.name"), primary_key=True),
    Column("version", String(128), primary_key=True),
    Column("source", Text, nullable=False),  # tidegate.yaml as it was when the release was created
    Column("images", Json, nullable=False),  # name -> repository@digest
    Column("secrets", Json, nullable=False),  # secret key -> version id
    Column("created_at", Utc, nullable=False),
    Column("created_by", String(200), nullable=False),
)

coordinator_keys = Table(
    "coordinator_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("ciphertext", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("scope", String(200), primary_key=True),  # who asked for what
    Column("key", String(200), primary_key=True),
    Column("request_hash", String(64), nullable=False),
    Column("result", Json, nullable=False),
    Column("created_at", Utc, nullable=False),
)

locks = Table(
    "locks",
    metadata,
    Column("project", String(63), primary_key=True),
    Column("environment", String(63), primary_key=True),
    Column("deployment", String(100)),  # who holds it; empty when free
    Column("epoch", Integer, nullable=False, default=0),  # grows each time it is taken
    Column("since", Utc),
)

deployments = Table(
    "deployments",
    metadata,
    Column("id", String(100), primary_key=True),
    Column("serial", _Serial, nullable=False, index=True),  # order of creation within the project
    Column("project", String(63), ForeignKey("projects.name"), nullable=False),
    Column("environment", String(63), nullable=False),
    Column("release", String(128), nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("cancel_grace", Float, nullable=False),  # seconds
    Column("retain", Integer, nullable=False),  # releases a host keeps
    Column("status", String(20), nullable=False),
    Column("plan_hash", String(64), nullable=False),
    Column("epoch", Integer, nullable=False, default=0),
    Column("stages_left", Integer, nullable=False),
    Column("in_flight", Integer, nullable=False, default=0),
    Column("failed", Integer, nullable=False, default=0),
    Column("open_interruptions", Integer, nullable=False, default=0),
    Column("guidances", Integer, nullable=False, default=0),
    Column("held", Boolean, nullable=False, default=False),
    Column("verdict", String(20)),
    Column("reason", Text, nullable=False, default=""),
    Column("started_at", Utc),
    Column("ended_at", Utc),
    Index(None, "project", "environment", "status"),
    Index(None, "status"),
    ForeignKeyConstraint(["project", "release"], ["releases.project", "releases.version"]),
)

stages = Table(
    "stages",
    metadata,
    Column("deployment", String(100), ForeignKey("deployments.id"), primary_key=True),
    Column("key", String(140), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("step", String(63), nullable=False),
    Column("uses", String(63), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("total", Integer, nullable=False),
    Column("window", Integer, nullable=False),
    Column("tolerated", Integer, nullable=False),
    Column("on_failure", String(10), nullable=False),
    Column("retries", Integer, nullable=False),
    Column("retry_delay", Float, nullable=False),  # seconds, as all below
    Column("timeout", Float, nullable=False),
    Column("start_within", Float, nullable=False),
    Column("bake", Float, nullable=False),
    Column("gate", Json),  # {instructions, approvers, timeout}
    Column("images", Json, nullable=False),
    Column("notes", Json, nullable=False),
    Column("status", String(10), nullable=False),
    Column("unmet", Integer, nullable=False),
    Column("alive", Integer, nullable=False, default=0),
    Column("succeeded", Integer, nullable=False, default=0),
    Column("failed", Integer, nullable=False, default=0),
    Column("accepted", Integer, nullable=False, default=0),
)

stage_needs = Table(
    "stage_needs",
    metadata,
    Column("deployment", String(100), primary_key=True),
    Column("needs", String(140), primary_key=True),
    Column("stage", String(140), primary_key=True),
    ForeignKeyConstraint(["deployment", "stage"], ["stages.deployment", "stages.key"]),
)

tasks = Table(
    "tasks",
    metadata,
    Column("deployment", String(100), ForeignKey("deployments.id"), primary_key=True),
    Column("key", String(140), primary_key=True),
    Column("stage", String(140), nullable=False),
    Column("position", Integer, nullable=False),
    Column("host", String(63)),
    Column("parameters", Json, nullable=False),  # rendered; secrets stand in them as version ids
    Column("status", String(20), nullable=False),
    Column("attempt", Integer, nullable=False, default=0),
    Column("sends", Integer, nullable=False, default=0),
    Column("error", Json),
    Index("ix_tasks_next", "deployment", "stage", "status", "position"),
    Index("ix_tasks_host", "host", "status"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", String(240), primary_key=True),
    Column("deployment", String(100), nullable=False),
    Column("task", String(140), nullable=False),
    Column("number", Integer, nullable=False),
    Column("host", String(63), nullable=False),
    Column("sent_at", Utc, nullable=False),
    Column("accepted_at", Utc),
    Column("ended_at", Utc),
    Column("outcome", String(20)),
    Column("error", Json),
    Column("outputs", Json),
    Column("facts", Json),  # what the host runs now, in its own word
    Column("progress", Json),
    Column("through", Integer, nullable=False, default=0),  # every report up to this number is stored
    Column("final_seq", Integer),  # the number of its last report, once known
    Index("ix_attempts_task", "deployment", "task", "number"),
    Index("ix_attempts_host", "host", "ended_at"),
)

reports = Table(
    "reports",
    metadata,
    Column("serial", _Serial, primary_key=True, autoincrement=True),
    Column("attempt", String(240), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("deployment", String(100), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("body", Json, nullable=False),
    Column("received_at", Utc, nullable=False),
    Index("uq_reports_attempt_seq", "attempt", "seq", unique=True),
    Index("ix_reports_deployment", "deployment", "kind", "serial"),
)

interruptions = Table(
    "interruptions",
    metadata,
    Column("id", String(240), primary_key=True),
    Column("deployment", String(100), ForeignKey("deployments.id"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("task", String(140), nullable=False),
    Column("plan_hash", String(64), nullable=False),
    Column("instructions", Text, nullable=False),
    Column("approvers", Json, nullable=False),
    Column("opened_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("status", String(10), nullable=False),
    Column("choice", String(20)),
    Column("answered_by", String(200)),
    Column("answered_at", Utc),
    Column("note", Text, nullable=False, default=""),
    Index(None, "deployment", "status"),
    Index(None, "status", "opened_at"),
)

timers = Table(
    "timers",
    metadata,
    Column("deployment", String(100), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("subject", String(240), primary_key=True),
    Column("due", Utc, nullable=False, index=True),
    Index("ix_timers_subject", "deployment", "subject"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("serial", _Serial, primary_key=True, autoincrement=True),
    Column("kind", String(10), nullable=False),  # order | cancel
    Column("deployment", String(100), nullable=False),
    Column("task", String(140), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("host", String(63), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("claimed_until", Utc, index=True),  # a relay is sending it; taken over when that time is past
)

continuations = Table(
    "continuations",
    metadata,
    Column("deployment", String(100), primary_key=True),
    Column("stage", String(140), primary_key=True),  # a StageDue that goes on in a transaction of its own
)
