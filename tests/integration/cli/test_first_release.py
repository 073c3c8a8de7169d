"""The main job through the command line alone, with real answers of the real API."""

import json
import re

from tests.integration.cli.conftest import DEADLINE, Ran, equal, read_until

PLAN = """\
shop 1.0.0 to production: 2 hosts, plan HASH
STAGE         DOES                                   WHERE  WAITS FOR
check/canary  check_http                             web-1  -
check/gate    waits for one of admins, 72 h at most  -      check/canary
check         check_http                             web-2  check/gate
Nothing has been done. Deploy it with: tidegate deploy shop 1.0.0 production --wait
"""
WAIT = ("deploy", "shop", "1.0.0", "production", "--wait")


def test_declaring_shows_what_is_there(tidegate):
    """Process, inventory and release are declared; the plan is shown and changes nothing."""
    applied = tidegate("apply", "tidegate.yaml", "--inventory", "inventory.yaml")
    again = tidegate("apply", "tidegate.yaml")
    tidegate("release", "create", "shop", "1.0.0")
    plan = tidegate("plan", "shop", "1.0.0", "production")
    without_hash = re.sub(r"plan [0-9a-f]{12}", "plan HASH", plan.out)
    assert (applied, again, without_hash, tidegate("status")) == (
        Ran(
            0,
            "inventory: 2 hosts applied\nshop: applied as revision 1: 1 step, environments production\n",
        ),
        Ran(0, "shop: unchanged, revision 1: 1 step, environments production\n"),
        PLAN,
        Ran(0, "No deployments. Start one with `tidegate deploy PROJECT VERSION ENVIRONMENT`.\n"),
    )


def test_somebody_waits_while_somebody_else_approves(released):
    """The waiting command tells each change and how to answer; the answer is given once; it ends with 0."""
    with released.started(*WAIT) as waiting:
        told = read_until(waiting, "or by the API")
        identity = re.search(r"shop-\d+-\w{4}", told)[0]
        approved = released("approve", identity, "--note", "looks good")
        late = released("reject", f"{identity}.check/gate")
        rest, errors = waiting.communicate(timeout=DEADLINE)
    assert (waiting.returncode, errors, approved, late, equal(rest).splitlines()[-1]) == (
        0,
        "",
        Ran(0, "shop-1-ID check/gate: approve by admin: looks good (HH:MM:SS)\n"),
        Ran(1, "", late.err),
        "HH:MM:SS shop-1-ID succeeded after N s",
    )
    assert "was answered already: approve by admin" in late.err
    assert "check/gate: approve by admin: looks good" in rest


def test_a_killed_coordinator_is_waited_for(released, house):
    """After kill -9 of the coordinator a command that waits says so, goes on after the start, and ends well."""
    with released.started(*WAIT) as waiting:
        identity = re.search(r"shop-\d+-\w{4}", read_until(waiting, "or by the API"))[0]
        house.coordinators[0].kill()
        first = waiting.stderr.readline()
        house.coordinators[0].start()
        assert released("approve", identity).code == 0
        waiting.stdout.read()
        said = first + waiting.stderr.read()
        waiting.wait(DEADLINE)
    assert (waiting.returncode, said.splitlines()[-1]) == (0, "The coordinator answers again.")
    assert first.endswith(" Nothing is lost; trying again.\n")


def test_a_rejected_gate_fails_the_deployment(released):
    """The exit code of a wait: 3 when it may leave at a gate, 1 once the gate was rejected."""
    left = released(*WAIT, "--exit-when-waiting", "--json")
    identity = json.loads(left.out)["id"]
    raw = json.loads(left.out)["interruptions"][0]
    assert (left.code, raw["id"], raw["task"]) == (3, f"{identity}.check/gate", "check/gate")


def test_a_cancelled_deployment_ends_with_4(released):
    """Cancel ends the wait of somebody else with exit code 4; the second deployment in the queue is refused first."""
    with released.started(*WAIT) as waiting:
        identity = re.search(r"shop-\d+-\w{4}", read_until(waiting, "or by the API"))[0]
        twice = released("deploy", "shop", "1.0.0", "production")
        cancelled = released("cancel", identity)
        waiting.communicate(timeout=DEADLINE)
    assert (twice.code, cancelled.code, waiting.returncode, released("cancel", identity).code) == (1, 0, 4, 1)


def test_following_ends_with_the_deployment(released):
    """`logs -f` tells the statuses and ends when the deployment has."""
    left = released(*WAIT, "--exit-when-waiting")
    assert left.code == 3
    identity = released.document("status")["items"][0]["id"]
    with released.started("logs", identity, "-f") as following:
        assert equal(following.stderr.readline()) == "HH:MM:SS shop-1-ID waiting\n"
        assert released("reject", identity, "--note", "no").code == 0
        out, errors = following.communicate(timeout=DEADLINE)
    assert (following.returncode, out, equal(errors).splitlines()[-1]) == (
        0,
        "",
        "HH:MM:SS shop-1-ID failed",
    )
