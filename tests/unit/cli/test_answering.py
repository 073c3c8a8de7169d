import json

from tests.unit.cli import samples
from tests.unit.cli.conftest import Ran
from tests.unit.cli.scripted_api import DROP, problem

ID = "shop-42-k7q2.web/gate.1"


def test_a_deployment_names_its_only_interruption(api, tidegate):
    """`approve DEPLOYMENT` answers the one that is open, bound to the plan that was shown."""
    api.on("GET", "/deployments/shop-42-k7q2", samples.deployment("waiting", interruptions=[samples.gate()]))
    api.on("POST", f"/interruptions/{ID}/answer", samples.answered(note="looks good"))
    ran = tidegate("approve", "shop-42-k7q2", "--note", "looks good")
    assert (ran, api.asked[-1].json) == (
        Ran(0, "shop-42-k7q2 web/gate: approve by alice: looks good (2026-05-01 11:00)\n"),
        {"choice": "approve", "note": "looks good", "plan_hash": samples.HASH},
    )


def test_an_interruption_is_answered_by_its_id(api, tidegate):
    """An interruption's own id works too, with its slash in the path; --json prints it as answered."""
    api.on("GET", f"/interruptions/{ID}", samples.gate())
    answered = samples.answered(choice="reject")
    api.on("POST", f"/interruptions/{ID}/answer", answered)
    ran = tidegate("reject", ID, "--json")
    assert (json.loads(ran.out), api.lines) == (
        answered,
        [f"GET /interruptions/{ID}", f"POST /interruptions/{ID}/answer"],
    )


def test_two_open_interruptions_must_be_named(api, tidegate):
    """With several open ones the deployment's id is not enough; the error lists them."""
    both = [samples.gate(), samples.gate(id="shop-42-k7q2.db/gate.1")]
    api.on("GET", "/deployments/shop-42-k7q2", samples.deployment("waiting", interruptions=both))
    assert tidegate("approve", "shop-42-k7q2") == Ran(
        2,
        "",
        f"Error: shop-42-k7q2 has 2 open interruptions: {ID}, shop-42-k7q2.db/gate.1.\nNext: Name the one you mean.\n",
    )


def test_nothing_to_answer_is_said(api, tidegate):
    """A deployment that waits for nobody says what it does instead."""
    api.on("GET", "/deployments/shop-42-k7q2", samples.deployment("running"))
    assert tidegate("approve", "shop-42-k7q2") == Ran(
        1,
        "",
        "Error: shop-42-k7q2 waits for nobody: it is running.\nNext: See it with: tidegate status shop-42-k7q2\n",
    )


def test_a_choice_that_is_none_is_not_sent(api, tidegate):
    """A choice the interruption does not offer is wrong use and names those it offers."""
    api.on("GET", f"/interruptions/{ID}", samples.gate())
    assert (tidegate("answer", ID, "retry"), len(api.asked)) == (
        Ran(
            2,
            "",
            f"Error: {ID} cannot be answered with retry; its choices are approve, reject.\n"
            f"Next: Answer with, for example: tidegate answer {ID} approve\n",
        ),
        1,
    )


def test_a_second_answer_is_refused_with_who_was_first(api, tidegate):
    """The server's sentence about the first answer is shown."""
    api.on("GET", f"/interruptions/{ID}", samples.answered())
    api.on("POST", f"/interruptions/{ID}/answer", problem(409, "bob approved it at 10:00 already."))
    assert tidegate("approve", ID) == Ran(1, "", "Error: bob approved it at 10:00 already.\n")


def test_a_lost_answer_is_not_given_twice(api, tidegate):
    """An answer whose result was lost is not sent again by itself: the second would be refused as late."""
    api.on("GET", f"/interruptions/{ID}", samples.gate())
    api.on("POST", f"/interruptions/{ID}/answer", DROP)
    ran = tidegate("approve", ID)
    assert (ran.code, api.lines.count(f"POST /interruptions/{ID}/answer")) == (1, 1)
