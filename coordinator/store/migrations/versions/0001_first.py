"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_Utc = sa.DateTime(timezone=True)
_Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("groups", _Json, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", _Utc, nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("revoked_at", _Utc, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_keys_hash")),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.String(length=240), nullable=False),
        sa.Column("deployment", sa.String(length=100), nullable=False),
        sa.Column("task", sa.String(length=140), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(length=63), nullable=False),
        sa.Column("sent_at", _Utc, nullable=False),
        sa.Column("accepted_at", _Utc, nullable=True),
        sa.Column("ended_at", _Utc, nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("error", _Json, nullable=True),
        sa.Column("outputs", _Json, nullable=True),
        sa.Column("facts", _Json, nullable=True),
        sa.Column("progress", _Json, nullable=True),
        sa.Column("through", sa.Integer(), nullable=False),
        sa.Column("final_seq", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.create_index("ix_attempts_host", ["host", "ended_at"], unique=False)
        batch_op.create_index("ix_attempts_task", ["deployment", "task", "number"], unique=False)

    op.create_table(
        "continuations",
        sa.Column("deployment", sa.String(length=100), nullable=False),
        sa.Column("stage", sa.String(length=140), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "stage", name=op.f("pk_continuations")),
    )
    op.create_table(
        "coordinator_keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("ciphertext", sa.Text(), nullable=False),
        sa.Column("created_at", _Utc, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coordinator_keys")),
    )
    op.create_table(
        "hosts",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("address", sa.String(length=255), nullable=False),
        sa.Column("environments", _Json, nullable=False),
        sa.Column("roles", _Json, nullable=False),
        sa.Column("labels", _Json, nullable=False),
        sa.Column("variables", _Json, nullable=False),
        sa.Column("added_at", _Utc, nullable=False),
        sa.Column("removed_at", _Utc, nullable=True),
        sa.Column("in_use", sa.Integer(), nullable=False),
        sa.Column("join_secret_hash", sa.String(length=64), nullable=True),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("sign_key", sa.String(length=64), nullable=True),
        sa.Column("seal_key", sa.String(length=64), nullable=True),
        sa.Column("joined_at", _Utc, nullable=True),
        sa.Column("seen_at", _Utc, nullable=True),
        sa.Column("incarnation", sa.String(length=64), nullable=True),
        sa.Column("worker_version", sa.String(length=40), nullable=True),
        sa.Column("clock_offset", sa.Float(), nullable=False),
        sa.Column("engine", _Json, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_hosts")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("result", _Json, nullable=False),
        sa.Column("created_at", _Utc, nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "locks",
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("environment", sa.String(length=63), nullable=False),
        sa.Column("deployment", sa.String(length=100), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("since", _Utc, nullable=True),
        sa.PrimaryKeyConstraint("project", "environment", name=op.f("pk_locks")),
    )
    op.create_table(
        "outbox",
        sa.Column(
            "serial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("deployment", sa.String(length=100), nullable=False),
        sa.Column("task", sa.String(length=140), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(length=63), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("claimed_until", _Utc, nullable=True),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_outbox")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_claimed_until"), ["claimed_until"], unique=False)

    op.create_table(
        "projects",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("deployments_made", sa.Integer(), nullable=False),
        sa.Column("applied_at", _Utc, nullable=False),
        sa.Column("applied_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_projects")),
    )
    op.create_table(
        "reports",
        sa.Column(
            "serial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("attempt", sa.String(length=240), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("deployment", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("body", _Json, nullable=False),
        sa.Column("received_at", _Utc, nullable=False),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_reports")),
    )
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.create_index("ix_reports_deployment", ["deployment", "kind", "serial"], unique=False)
        batch_op.create_index("uq_reports_attempt_seq", ["attempt", "seq"], unique=True)

    op.create_table(
        "timers",
        sa.Column("deployment", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=240), nullable=False),
        sa.Column("due", _Utc, nullable=False),
        sa.PrimaryKeyConstraint("deployment", "kind", "subject", name=op.f("pk_timers")),
    )
    with op.batch_alter_table("timers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_timers_due"), ["due"], unique=False)
        batch_op.create_index("ix_timers_subject", ["deployment", "subject"], unique=False)

    op.create_table(
        "releases",
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("version", sa.String(length=128), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("images", _Json, nullable=False),
        sa.Column("secrets", _Json, nullable=False),
        sa.Column("created_at", _Utc, nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["projects.name"], name=op.f("fk_releases_project")),
        sa.PrimaryKeyConstraint("project", "version", name=op.f("pk_releases")),
    )
    op.create_table(
        "secret_versions",
        sa.Column(
            "serial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("ciphertext", sa.Text(), nullable=False),
        sa.Column("created_at", _Utc, nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["projects.name"], name=op.f("fk_secret_versions_project")),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_secret_versions")),
        sa.UniqueConstraint("id", name=op.f("uq_secret_versions_id")),
    )
    with op.batch_alter_table("secret_versions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_secret_versions_project_key"), ["project", "key"], unique=False)

    op.create_table(
        "deployments",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("serial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("environment", sa.String(length=63), nullable=False),
        sa.Column("release", sa.String(length=128), nullable=False),
        sa.Column("created_at", _Utc, nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("cancel_grace", sa.Float(), nullable=False),
        sa.Column("retain", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("plan_hash", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("stages_left", sa.Integer(), nullable=False),
        sa.Column("in_flight", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("open_interruptions", sa.Integer(), nullable=False),
        sa.Column("guidances", sa.Integer(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("started_at", _Utc, nullable=True),
        sa.Column("ended_at", _Utc, nullable=True),
        sa.ForeignKeyConstraint(
            ["project", "release"],
            ["releases.project", "releases.version"],
            name=op.f("fk_deployments_project_release"),
        ),
        sa.ForeignKeyConstraint(["project"], ["projects.name"], name=op.f("fk_deployments_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployments")),
    )
    with op.batch_alter_table("deployments", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_deployments_project_environment_status"),
            ["project", "environment", "status"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_deployments_serial"), ["serial"], unique=False)
        batch_op.create_index(batch_op.f("ix_deployments_status"), ["status"], unique=False)

    op.create_table(
        "interruptions",
        sa.Column("id", sa.String(length=240), nullable=False),
        sa.Column("deployment", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("task", sa.String(length=140), nullable=False),
        sa.Column("plan_hash", sa.String(length=64), nullable=False),
        sa.Column("instructions", sa.Text(), nullable=False),
        sa.Column("approvers", _Json, nullable=False),
        sa.Column("opened_at", _Utc, nullable=False),
        sa.Column("expires_at", _Utc, nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("choice", sa.String(length=20), nullable=True),
        sa.Column("answered_by", sa.String(length=200), nullable=True),
        sa.Column("answered_at", _Utc, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployments.id"], name=op.f("fk_interruptions_deployment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interruptions")),
    )
    with op.batch_alter_table("interruptions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_interruptions_deployment_status"), ["deployment", "status"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_interruptions_status_opened_at"), ["status", "opened_at"], unique=False
        )

    op.create_table(
        "stages",
        sa.Column("deployment", sa.String(length=100), nullable=False),
        sa.Column("key", sa.String(length=140), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=63), nullable=False),
        sa.Column("uses", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("window", sa.Integer(), nullable=False),
        sa.Column("tolerated", sa.Integer(), nullable=False),
        sa.Column("on_failure", sa.String(length=10), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=False),
        sa.Column("retry_delay", sa.Float(), nullable=False),
        sa.Column("timeout", sa.Float(), nullable=False),
        sa.Column("start_within", sa.Float(), nullable=False),
        sa.Column("bake", sa.Float(), nullable=False),
        sa.Column("gate", _Json, nullable=True),
        sa.Column("images", _Json, nullable=False),
        sa.Column("notes", _Json, nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("unmet", sa.Integer(), nullable=False),
        sa.Column("alive", sa.Integer(), nullable=False),
        sa.Column("succeeded", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployments.id"], name=op.f("fk_stages_deployment")),
        sa.PrimaryKeyConstraint("deployment", "key", name=op.f("pk_stages")),
    )
    op.create_table(
        "tasks",
        sa.Column("deployment", sa.String(length=100), nullable=False),
        sa.Column("key", sa.String(length=140), nullable=False),
        sa.Column("stage", sa.String(length=140), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(length=63), nullable=True),
        sa.Column("parameters", _Json, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("error", _Json, nullable=True),
        sa.ForeignKeyConstraint(["deployment"], ["deployments.id"], name=op.f("fk_tasks_deployment")),
        sa.PrimaryKeyConstraint("deployment", "key", name=op.f("pk_tasks")),
    )
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index("ix_tasks_host", ["host", "status"], unique=False)
        batch_op.create_index("ix_tasks_next", ["deployment", "stage", "status", "position"], unique=False)

    op.create_table(
        "stage_needs",
        sa.Column("deployment", sa.String(length=100), nullable=False),
        sa.Column("needs", sa.String(length=140), nullable=False),
        sa.Column("stage", sa.String(length=140), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment", "stage"],
            ["stages.deployment", "stages.key"],
            name=op.f("fk_stage_needs_deployment_stage"),
        ),
        sa.PrimaryKeyConstraint("deployment", "needs", "stage", name=op.f("pk_stage_needs")),
    )


def downgrade() -> None:
    raise NotImplementedError("before the first tables there is nothing: remove the database instead")
