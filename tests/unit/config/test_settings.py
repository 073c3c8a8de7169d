from datetime import timedelta
from pathlib import Path

import pytest

from config.problems import DeclarationError
from config.secret import Secret
from config.settings import ClientSettings, CoordinatorSettings, WorkerSettings


def test_everything_has_a_default():
    """An empty environment is enough for one machine."""
    assert CoordinatorSettings.read({}) == CoordinatorSettings()
    assert (CoordinatorSettings().api_url, ClientSettings().url) == (
        "http://127.0.0.1:8420",
        "http://127.0.0.1:8420",
    )


def test_the_environment_sets_values():
    """Each setting is read from its variable, other programs' variables are left alone."""
    environ = {
        "TIDEGATE_LEASE": "1m",
        "TIDEGATE_PLAIN_HTTP_REGISTRIES": "registry:5000, 10.0.0.9:5000",
        "TIDEGATE_DATABASE_URL": "postgresql://tidegate:pw@db/tidegate",
        "TIDEGATE_KEY": "not ours",
        "TIDEGATE_WORKER_STATE_DIR": "not ours",
        "HOME": "/root",
    }
    assert CoordinatorSettings.read(environ) == CoordinatorSettings(
        lease=timedelta(minutes=1),
        plain_http_registries=("registry:5000", "10.0.0.9:5000"),
        database_url=Secret("postgresql://tidegate:pw@db/tidegate"),
    )


def test_what_is_given_wins():
    """The command line wins over the environment, what it leaves out does not count."""
    environ = {"TIDEGATE_WORKER_STATE_DIR": "/a", "TIDEGATE_WORKER_INSTANCE_PREFIX": "web-1-"}
    settings = WorkerSettings.read(environ, state_dir=Path("/b"), instance_prefix=None)
    assert (settings.state_dir, settings.instance_prefix) == (Path("/b"), "web-1-")


def test_a_file_holds_a_value(tmp_path):
    """`..._FILE` names a file whose contents, without the last newline, are the value."""
    file = tmp_path / "database"
    file.write_text("postgresql://db/tidegate\n", encoding="utf-8")
    settings = CoordinatorSettings.read({"TIDEGATE_DATABASE_URL_FILE": str(file)})
    assert settings.database_url == Secret("postgresql://db/tidegate")


def test_problems_are_told_at_once(tmp_path):
    """Wrong values, unreadable files, doubled and misspelt variables are told together, by variable."""
    missing = tmp_path / "missing"
    environ = {
        "TIDEGATE_LEASE": "soon",
        "TIDEGATE_BIND": "everywhere",
        "TIDEGATE_STATEDIR": "/x",
        "TIDEGATE_BROKER_URL": "redis://x",
        "TIDEGATE_BROKER_URL_FILE": "/y",
        "TIDEGATE_SECRET_KEY_FILE": str(missing),
    }
    with pytest.raises(DeclarationError) as refusal:
        CoordinatorSettings.read(environ)
    duration = "a duration such as 500ms, 10s, 1m30s, 72h or 7d (a bare number is seconds), at most 3650d"
    unread = f"{missing} cannot be read ([Errno 2] No such file or directory: '{missing}')"
    assert [(each.path, each.message, each.expected, each.nearest) for each in refusal.value.problems] == [
        ("TIDEGATE_STATEDIR", "there is no such setting", "", "TIDEGATE_STATE_DIR"),
        (
            "TIDEGATE_BROKER_URL_FILE",
            "TIDEGATE_BROKER_URL and TIDEGATE_BROKER_URL_FILE are both set",
            "one of them",
            None,
        ),
        ("TIDEGATE_SECRET_KEY_FILE", unread, "a file with the value", None),
        ("TIDEGATE_BIND", 'found text "everywhere"', "address:port, such as 127.0.0.1:8420", None),
        ("TIDEGATE_LEASE", 'found text "soon"', duration, None),
    ]


def test_secrets_are_not_shown():
    """Printed settings show no password."""
    assert "pw" not in repr(CoordinatorSettings(database_url="postgresql://tidegate:pw@db/tidegate"))
