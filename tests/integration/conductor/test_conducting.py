"""The coordinator with simulated hosts, on both databases and a real broker."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count

import pytest

from coordinator.conductor import deployments, interruptions
from coordinator.conductor.deployments import NewDeployment
from coordinator.conductor.errors import ConductorError, Conflict, Forbidden
from coordinator.conductor.interruptions import Answer
from coordinator.conductor.services import Person
from coordinator.store import views
from tests.integration.conductor.conftest import ALICE, running_house
from tests.integration.conftest import DATABASES, fresh_database, running_broker
from tests.integration.transport.waiting import wait_until

GATED = "{canary: 1, gate: {approvers: [release-managers]}, batch: 50%}"
HOSTS = [f"web-{number}" for number in range(1, 5)]
NUMBERS = count(1)


@pytest.fixture(scope="module", params=DATABASES)
def shared(request, tmp_path_factory):
    """One coordinator with four hosts on each database; every test has a project of its own."""
    folder = tmp_path_factory.mktemp("house")
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database(request, folder, request.param))
        broker = stack.enter_context(running_broker(folder))
        yield stack.enter_context(running_house(folder, url, broker, HOSTS))


@pytest.fixture
def house(shared):
    """The shared house with a gated project of this test."""
    shared.declare(GATED, project=f"shop{next(NUMBERS)}")
    return shared


def deploy(house, release="1.0.0", *, project=None, key=None):
    new = NewDeployment(project or house.project, release, "production", ALICE, idempotency_key=key)
    return deployments.create(house.services, new)


def view(house, identity):
    with house.services.store.read() as tx:
        return views.deployment(tx, identity)


def until(house, identity, *statuses, deadline=30.0):
    wait_until(lambda: view(house, identity)["status"] in statuses, f"{identity} is {statuses}", deadline)
    return view(house, identity)


def test_the_canary_runs_alone_until_somebody_approves(house):
    """While the gate waits only the canary has run; after the answer the others do, each attempt once."""
    identity = deploy(house)
    waiting = until(house, identity, "waiting")
    assert house.ran(identity) == {f"{identity}.check@web-1.1": 1}
    interruptions.answer(house.services, waiting["interruptions"][0]["id"], Answer("approve", ALICE))
    assert until(house, identity, "succeeded")["reason"] == ""
    assert house.ran(identity) == {f"{identity}.check@{host}.1": 1 for host in HOSTS}


def test_a_question_is_answered_once(house):
    """Of ten people who answer at the same time one is heard; the others learn who it was."""
    gate = until(house, deploy(house), "waiting")["interruptions"][0]["id"]

    def answer(number):
        person = Person(f"person-{number}", ("release-managers",))
        try:
            interruptions.answer(house.services, gate, Answer("approve", person))
        except Conflict as refused:
            return refused.message
        return "heard"

    with ThreadPoolExecutor(10) as people:
        said = sorted(people.map(answer, range(10)))
    assert said.count("heard") == 1
    assert all(" was answered already: approve by person-" in other for other in said if other != "heard")


def test_only_approvers_may_answer(house):
    """Somebody outside the group is refused and told whom to ask; nothing changes."""
    gate = until(house, deploy(house), "waiting")["interruptions"][0]["id"]
    with pytest.raises(Forbidden, match="mallory may not answer"):
        interruptions.answer(house.services, gate, Answer("approve", Person("mallory")))
    with house.services.store.read() as tx:
        assert views.interruption(tx, gate)["status"] == "open"


def test_an_answer_about_another_plan_is_refused(house):
    """Who looked at another plan than the one that waits has not approved this one."""
    gate = until(house, deploy(house), "waiting")["interruptions"][0]["id"]
    with pytest.raises(Conflict, match="the answer is about plan ffffffffffff"):
        interruptions.answer(house.services, gate, Answer("approve", ALICE, plan_hash="f" * 64))


def test_one_deployment_at_a_time_and_the_next_one_queues(house):
    """A second release waits for the lock, and starts with a higher epoch as soon as the first has ended."""
    first = deploy(house, "1.0.0")
    second = deploy(house, "1.1.0")
    gate = until(house, first, "waiting")["interruptions"][0]["id"]
    assert view(house, second)["status"] == "queued"
    interruptions.answer(house.services, gate, Answer("reject", ALICE, note="the canary is slow"))
    assert until(house, first, "failed")["reason"] == "gate check/gate rejected by alice"
    gate = until(house, second, "waiting")["interruptions"][0]["id"]
    interruptions.answer(house.services, gate, Answer("approve", ALICE))
    until(house, second, "succeeded")


def test_a_double_click_on_deploy_makes_one_deployment(house):
    """The same idempotency key gives the same deployment; without one the second is refused and names the first."""
    with ThreadPoolExecutor(8) as clicks:
        made = set(clicks.map(lambda _: deploy(house, key="ci-77"), range(8)))
    assert len(made) == 1
    with pytest.raises(Conflict, match=f"{made.pop()} already deploys {house.project} 1.0.0 to production"):
        deploy(house)
    with pytest.raises(ConductorError, match="was used for another request"):
        deploy(house, "1.1.0", key="ci-77")


def test_a_cancelled_deployment_stops_and_frees_the_lock(house):
    """Cancel at the gate: the question is withdrawn, nothing new runs, the next one starts."""
    first, second = deploy(house, "1.0.0"), deploy(house, "1.1.0")
    gate = until(house, first, "waiting")["interruptions"][0]["id"]
    deployments.cancel(house.services, first, ALICE)
    assert until(house, first, "cancelled")["reason"] == "cancelled by alice"
    with pytest.raises(Conflict, match="was withdrawn"):
        interruptions.answer(house.services, gate, Answer("approve", ALICE))
    until(house, second, "waiting")
    with pytest.raises(Conflict, match="already ended: cancelled"):
        deployments.cancel(house.services, first, ALICE)


def test_two_projects_on_the_same_hosts_take_turns_host_by_host(house):
    """One task at a time per host, whatever deployment it belongs to, and both end."""
    for project in ("bakery", "ledger"):
        house.declare("{batch: 100%}", project=project)
    both = [deploy(house, project=project) for project in ("bakery", "ledger")]
    for identity in both:
        until(house, identity, "succeeded")
    assert house.ran(*both) == {f"{d}.check@{host}.1": 1 for d in both for host in HOSTS}


def test_a_broker_that_loses_everything_costs_nothing_but_time(make_house, broker):
    """Kill it, empty it, start it: orders are sent again under their ids, and every attempt ran once."""
    names = [f"web-{number}" for number in range(1, 31)]
    with make_house(names, accept_within="300ms") as house:
        house.declare("{batch: 20%}")
        identity = deploy(house)
        wait_until(lambda: len(house.fleet.ran) >= 5, "a few hosts have run")
        broker.client.flushall()
        wait_until(lambda: len(house.fleet.ran) >= 12, "more hosts have run")
        broker.kill()
        broker.start()
        broker.client.flushall()
        until(house, identity, "succeeded", deadline=60)
        assert dict(house.fleet.ran) == {f"{identity}.check@{host}.1": 1 for host in names}
