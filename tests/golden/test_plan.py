"""Process and inventory in, the whole plan out, written down. A changed line here is a changed deployment."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from config.inventory import load_inventory
from config.process import load_process
from coordinator.domain.errors import PlanError
from coordinator.domain.plan import Plan, Release
from coordinator.domain.planning import PlanOptions, plan
from tasks.catalog import kinds, parameters

HERE = Path(__file__).parent
CASES = sorted(path.name for path in HERE.iterdir() if (path / "tidegate.yaml").exists())
DIGEST = "sha256:" + "0123456789abcdef" * 4


def made(case: str, *, environment: str = "production", shuffled: bool = False) -> Plan:
    process = load_process((HERE / case / "tidegate.yaml").read_text(), parameters())
    hosts = load_inventory((HERE / case / "inventory.yaml").read_text()).hosts
    images = {name: f"{image}@{DIGEST}" for name, image in process.images.items()}
    release = Release(process.project, "1.1.0", process, images, secrets={})
    options = PlanOptions(environment, kinds(), secrets={"DATABASE_PASSWORD?environment=production": "sv-1"})
    return plan(process, release, tuple(reversed(hosts)) if shuffled else hosts, options)


def written(found: Plan) -> str:
    return json.dumps(asdict(found) | {"hash": found.hash}, indent=2, default=str) + "\n"


@pytest.mark.parametrize("case", CASES)
def test_the_plan_is_the_one_written_down(case):
    """Each process with its inventory compiles to exactly this DAG."""
    assert written(made(case)) == (HERE / case / "plan.json").read_text()


@pytest.mark.parametrize("case", CASES)
def test_the_order_in_which_hosts_are_listed_does_not_change_the_hash(case):
    """The same input gives the same hash."""
    assert made(case, shuffled=True).hash == made(case).hash


def test_a_canary_host_counts_as_done_in_the_fan_out():
    """The canary's host is in no later stage of its step."""
    found = made("shop")
    stages = {stage.key: [task.host for task in found.tasks_of(stage.key)] for stage in found.stages}
    assert (stages["web/canary"], stages["web"]) == (["web-1"], ["web-2", "web-3", "web-10"])


def test_every_problem_of_a_plan_is_named_at_once():
    """No host for a step and a secret without a value: both are said, with what to do."""
    process = load_process((HERE / "shop" / "tidegate.yaml").read_text(), parameters())
    hosts = [
        host
        for host in load_inventory((HERE / "shop" / "inventory.yaml").read_text()).hosts
        if "mailer" not in host.roles
    ]
    release = Release("shop", "1.1.0", process, {}, secrets={})
    with pytest.raises(PlanError) as refused:
        plan(process, release, hosts, PlanOptions("production", kinds()))
    said = [str(problem) for problem in refused.value.problems]
    unset = (
        "secret DATABASE_PASSWORD?environment=production has no value yet: set it with `tidegate secrets set`"
    )
    nobody = "matches no host of environment production (its hosts: db-1, web-1, web-2, web-3, web-10): give a host"
    assert said == [
        *(f"step web on {host}: {unset}" for host in ("web-1", "web-2", "web-3", "web-10")),
        f"step mailer: {nobody} the role, label or name that `hosts:` asks for, or change `hosts:`",
    ]


def test_an_unknown_environment_is_refused_with_those_that_exist():
    """A typo in the environment's name says which names there are."""
    with pytest.raises(PlanError) as refused:
        made("shop", environment="prod")
    assert str(refused.value) == (
        "environment prod: is not one of project shop's (uat, production): name one of them, or add it to "
        "`environments:` and apply the process again"
    )
