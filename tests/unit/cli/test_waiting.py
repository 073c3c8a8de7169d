import json

from tests.unit.cli import samples
from tests.unit.cli.conftest import Ran
from tests.unit.cli.scripted_api import DROP, Answer, lost, page, problem

ID = "shop-42-k7q2"
PATH = f"/deployments/{ID}"
ENDED = "2026-05-01T10:08:12.123456+00:00"
CANARY = {"total": 1, "status": "open", "alive": 1}
DONE = {"status": "done", "succeeded": 1}


def test_every_change_is_a_line_until_the_end(api, tidegate):
    """From queue through progress, gate and failure to the end: one line for each change, each once."""
    gate = samples.gate()
    progress = {"done": 12.0, "total": 27.0, "unit": "MB", "text": "pulling web"}
    waiting, gated = samples.stage("web"), samples.stage("web/gate")
    api.on("POST", "/deployments", Answer(201, samples.deployment("queued")))
    api.on(
        "GET",
        PATH,
        samples.deployment("queued", samples.stage("web/canary"), gated, waiting, started_at=None),
        samples.deployment("running", samples.stage("web/canary", **CANARY), gated, waiting),
        samples.deployment("running", samples.stage("web/canary", **CANARY), gated, waiting),
        samples.deployment(
            "waiting",
            samples.stage("web/canary", **DONE),
            samples.stage("web/gate", **CANARY),
            waiting,
            interruptions=[gate],
        ),
        samples.deployment(
            "failed",
            samples.stage("web/canary", **DONE),
            samples.stage("web/gate", **DONE),
            samples.stage("web", status="open", failed=1),
            ended_at=ENDED,
            reason="web failed on web-2",
        ),
    )
    error = {"code": "unhealthy", "message": "web never became healthy.", "hint": "", "retryable": True}
    api.on(
        "GET",
        f"{PATH}/tasks",
        page(samples.task("web/canary@web-1", "sent")),
        page(samples.task("web/canary@web-1", "running", progress=progress)),
        page(samples.task("web/canary@web-1", "succeeded")),
        page(samples.task("web/gate", "running")),
        page(samples.task("web/gate", "succeeded")),
        page(samples.task("web@web-2", "failed", attempt=2, error=error)),
    )
    api.on("GET", f"/interruptions/{gate['id']}", samples.answered(note="fine"))
    ran = tidegate("deploy", "shop", "1.1.0", "production", "--wait")
    expiry = ran.out.partition(" until ")[2].partition(" (in ")[0]
    assert (ran.code, ran.out.splitlines()) == (
        1,
        [
            "HH:MM:SS shop-42-k7q2: shop 1.1.0 to production, queued",
            "HH:MM:SS web/canary@web-1     sent",
            "HH:MM:SS shop-42-k7q2 running",
            "HH:MM:SS web/canary@web-1     running: pulling web: 12 of 27 MB",
            "HH:MM:SS web/canary@web-1     succeeded",
            f"HH:MM:SS web/gate waits for a person (release-managers) until {expiry} (in 71 h 58 min)",
            "           Open the canary and place one order",
            "           tidegate approve shop-42-k7q2",
            '           tidegate reject shop-42-k7q2 --note "why"',
            f"           or by the API: {samples.curl(api.url, gate['id'], 'approve')}",
            "HH:MM:SS web/gate: approve by alice: fine",
            "HH:MM:SS web@web-2            failed, attempt 2: web never became healthy.",
            "HH:MM:SS shop-42-k7q2 failed after 8 min 12 s: web failed on web-2",
        ],
    )


def test_the_exit_code_tells_the_outcome(api, tidegate):
    """0 succeeded, 1 failed or degraded, 4 cancelled; 3 when it waits and was told to leave then."""
    codes = {}
    for status in ("succeeded", "degraded", "failed", "cancelled", "waiting"):
        api.on("GET", PATH, samples.deployment(status))
        codes[status] = tidegate("status", ID, "--exit-when-waiting", "--json").code
    assert codes == {"succeeded": 0, "degraded": 1, "failed": 1, "cancelled": 4, "waiting": 3}


def test_json_waits_silently_and_prints_one_document(api, tidegate):
    """With --json nothing but the deployment's last document is printed."""
    ended = samples.deployment("succeeded", samples.stage("web", **DONE), ended_at=ENDED)
    api.on("GET", PATH, samples.deployment("running", samples.stage("web", **CANARY)), ended)
    api.on("GET", f"{PATH}/tasks", page(samples.task("web@web-1", "running")))
    ran = tidegate("status", ID, "--wait", "--json")
    assert (ran.code, json.loads(ran.out), ran.err) == (0, ended, "")


def test_a_coordinator_that_starts_anew_is_waited_for(api, tidegate):
    """Lost answers and a coordinator that is not ready yet are told once, and waiting goes on."""
    api.on(
        "GET",
        PATH,
        samples.deployment("running"),
        DROP,
        problem(503, "The database cannot be reached.", headers={"Retry-After": "1"}),
        samples.deployment("succeeded", ended_at=ENDED),
    )
    assert tidegate("status", ID, "--wait") == Ran(
        0,
        "HH:MM:SS shop-42-k7q2: shop 1.1.0 to production, running\n"
        "HH:MM:SS shop-42-k7q2 succeeded after 8 min 12 s\n",
        f"{lost(api)} Nothing is lost; trying again.\nThe coordinator answers again.\n",
    )


def test_a_revoked_key_ends_the_wait(api, tidegate):
    """What waiting cannot mend is an error at once."""
    api.on("GET", PATH, samples.deployment("running"), problem(401, "The API key was revoked."))
    ran = tidegate("status", ID, "--wait")
    assert (ran.code, ran.err.splitlines()[0]) == (1, "Error: The API key was revoked.")


def test_only_stages_that_can_have_changed_are_read(api, tidegate):
    """A stage that is done and was read is not read again, nor is one that has not begun."""
    done = samples.stage("backup", **DONE)
    api.on(
        "GET",
        PATH,
        samples.deployment("running", done, samples.stage("web", **CANARY), samples.stage("mailer")),
        samples.deployment("running", done, samples.stage("web", **CANARY), samples.stage("mailer")),
        samples.deployment("succeeded", done, samples.stage("web", **DONE), samples.stage("mailer", **DONE)),
    )
    api.on("GET", f"{PATH}/tasks", page())
    tidegate("status", ID, "--wait")
    assert [asked.query["stage"] for asked in api.asked if asked.path.endswith("/tasks")] == [
        "backup", "web",
        "web",
        "web", "mailer",
    ]  # fmt: skip
