"""No kind lacks a part."""

from tasks.catalog import kinds
from workers.kinds import handler


def test_every_kind_that_runs_on_hosts_has_a_handler():
    """The handler's module has the kind's name."""
    names = [kind.name for kind in kinds().values() if kind.runs_on == "host"]
    modules = [type(handler(name)).__module__ for name in names]
    assert modules == [f"workers.handlers.{name}" for name in names]
