"""What is refused, with a sentence that says why and what to do, and nothing changed."""

import pytest
from sqlalchemy import func, select

from config.inventory import Host
from coordinator.conductor import deployments
from coordinator.conductor.errors import ConductorError, Conflict, Invalid, NotFound
from coordinator.store import hosts
from coordinator.store.tables import deployments as deployment_rows
from coordinator.store.tables import locks, outbox, tasks
from tasks import clock
from tests.integration.conductor.conftest import ALICE
from tests.integration.conductor.test_conducting import deploy


def sizes(house):
    with house.services.store.read() as tx:
        counted = (deployment_rows, tasks, outbox, locks)
        return [tx.execute(select(func.count()).select_from(table)).scalar() for table in counted]


def refused(house, kind: type[ConductorError], **request):
    """Try to deploy; return the sentence, the hint and the problems, having checked that nothing was stored."""
    before = sizes(house)
    with pytest.raises(kind) as error:
        deploy(house, **request)
    assert sizes(house) == before
    return error.value.message, error.value.hint, error.value.problems


def test_a_host_that_never_joined_is_named_before_anything_starts(make_house):
    """A deployment that would wait for a worker nobody started is refused with the hosts' names."""
    with make_house(["web-1"], coordinators=0) as house:
        house.declare()
        with house.services.store.write() as tx:
            for name in ("web-2", "web-10"):
                late = Host(name=name, environments=("production",), roles=("web",))
                hosts.declare(tx, late, clock.now())
        message, hint, _ = refused(house, Conflict)
        assert message == "no worker has ever joined from: web-2, web-10"
        assert hint.startswith(
            "start the worker there with its join file (tidegate hosts add NAME writes one)"
        )


def test_an_unknown_project_release_or_environment_says_what_to_do(make_house):
    """Each names what is missing and the command that makes it."""
    with make_house(["web-1"], coordinators=0) as house:
        house.declare()
        assert refused(house, NotFound, project="shoop")[0] == "project shoop does not exist"
        message, hint, _ = refused(house, NotFound, release="9.9.9")
        assert (message, hint) == (
            "project shop has no release 9.9.9",
            "create it: tidegate release create shop 9.9.9",
        )


def test_a_plan_without_hosts_names_the_step(make_house):
    """A role that nobody has is a problem of the plan, with the hosts there are."""
    with make_house(["web-1"], coordinators=0) as house:
        house.declare(process=house.PROCESS.replace("role: web", "role: wbe"))
        message, _, problems = refused(house, Invalid)
        assert message == "release 1.0.0 of shop cannot be planned for production"
        nobody = (
            "step check: matches no host of environment production (its hosts: web-1): give a host the role,"
        )
        assert problems == (f"{nobody} label or name that `hosts:` asks for, or change `hosts:`",)


def test_a_cancel_of_what_does_not_exist_is_refused(make_house):
    """A typo in the deployment's id changes nothing."""
    with (
        make_house(["web-1"], coordinators=0) as house,
        pytest.raises(NotFound, match="shop-9-nope does not exist"),
    ):
        deployments.cancel(house.services, "shop-9-nope", ALICE)
