"""Coordinators that die at any moment, while simulated hosts run a plan of 200 hosts."""

import random

import pytest

from tests.integration.conductor.conftest import House
from tests.integration.conductor.test_conducting import deploy, until
from tests.integration.transport.waiting import wait_until

NAMES = [f"web-{number}" for number in range(1, 201)]


def ran_once(house: House, identity: str) -> bool:
    return dict(house.fleet.ran) == {f"{identity}.check@{name}.1": 1 for name in NAMES}


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)  # several coordinators need it
def test_two_coordinators_killed_at_random_run_a_plan_of_200_hosts_right(make_house):
    """Each is killed again and again, often both: every attempt runs once, and the deployment succeeds."""
    rng = random.Random(1)  # noqa: S311 - a repeatable story, not a secret
    with make_house(NAMES, coordinators=2, accept_within="1s") as house:
        house.declare("{batch: 5%}")
        identity = deploy(house)
        done = 0
        for _ in range(6):
            done += rng.randrange(5, 25)
            wait_until(
                lambda done=done: len(house.fleet.ran) >= min(done, 190), f"{done} hosts have run", 180
            )
            for process in rng.sample(house.coordinators, rng.choice([1, 1, 2])):
                process.kill()
                process.start()
        assert until(house, identity, "succeeded", deadline=300)["stages"][0]["succeeded"] == len(NAMES)
        assert ran_once(house, identity)


def test_a_coordinator_killed_between_report_and_next_order_goes_on_where_it_was(make_house):
    """One coordinator on either database, killed five times in mid-plan: nothing is lost and nothing repeated."""
    with make_house(NAMES[:40], accept_within="1s") as house:
        house.declare("{batch: 10%}")
        identity = deploy(house)
        for done in (3, 9, 15, 22, 30):
            wait_until(lambda done=done: len(house.fleet.ran) >= done, f"{done} hosts have run", 180)
            house.coordinators[0].kill()
            house.coordinators[0].start()
        until(house, identity, "succeeded", deadline=180)
        assert dict(house.fleet.ran) == {f"{identity}.check@{name}.1": 1 for name in NAMES[:40]}
