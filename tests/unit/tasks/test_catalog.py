"""The table of step kinds, and the names made from it."""

from importlib.metadata import EntryPoint

import pytest

from config.steps.approve import Approve
from config.steps.parameters import StepParameters
from tasks import catalog
from tasks.queues import COORDINATOR, control_list, host_of, host_queue
from tasks.reports import NUMBERED, REPORTS, report_name


class Greet(StepParameters):
    """A third party's kind."""


@pytest.fixture
def installed(monkeypatch):
    """Pretend that packages with these entry points are installed."""

    def install(**values):
        found = [EntryPoint(name, value, catalog.GROUP) for name, value in values.items()]
        monkeypatch.setattr(catalog, "entry_points", lambda group: found if group == catalog.GROUP else [])
        catalog.kinds.cache_clear()

    yield install
    catalog.kinds.cache_clear()


def test_built_in_kinds_say_where_they_run():
    """Every built-in kind runs on hosts, but for the coordinator's own gate."""
    assert {name: kind.runs_on for name, kind in catalog.BUILT_IN.items()} == {
        "approve": "coordinator",
        "backup_database": "host",
        "check_http": "host",
        "deploy_image": "host",
        "run_container": "host",
    }


def test_installed_packages_add_kinds(installed):
    """A package adds a kind by an entry point alone."""
    installed(greet=f"{__name__}:Greet")
    added = {name: found for name, found in catalog.parameters().items() if name not in catalog.BUILT_IN}
    assert (added["greet"].__name__, set(added)) == ("Greet", {"greet"})


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"deploy_image": f"{Approve.__module__}:Approve"}, "taken, reserved"),
        ({"cancel": f"{Approve.__module__}:Approve"}, "taken, reserved"),
        ({"finished": f"{Approve.__module__}:Approve"}, "taken, reserved"),
        ({"a.b": f"{Approve.__module__}:Approve"}, "no identifier"),
        ({"greet": "nowhere_at_all:Greet"}, "cannot be loaded"),
        ({"greet": "json:nothing"}, "cannot be loaded"),
        ({"greet": "json:loads"}, "no subclass of StepParameters"),
    ],
)
def test_kinds_that_cannot_be_used_are_named(installed, entries, message):
    """A kind whose name would pass for another message, or whose class does not load, is refused by name."""
    installed(**entries)
    with pytest.raises(catalog.KindError, match=message):
        catalog.kinds()


def test_names_of_queues_and_tasks():
    """Hosts, kinds and reports have one name each on the broker, and the way back exists."""
    assert (host_queue("web-1"), control_list("web-1"), report_name("log")) == (
        "host.web-1",
        "ctl.web-1",
        "tidegate.report.log",
    )
    assert (host_of("host.web-1"), host_of(COORDINATOR)) == ("web-1", None)
    assert catalog.kind_of(catalog.task_name("deploy_image")) == "deploy_image"


def test_numbered_reports_are_those_of_attempts():
    """Reports are numbered when they belong to an attempt; those of the host itself are not."""
    assert set(REPORTS) - NUMBERED == {"join", "hello", "lease"}
