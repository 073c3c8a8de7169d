import json

from tests.unit.cli import samples
from tests.unit.cli.conftest import Ran
from tests.unit.cli.scripted_api import DROP, Answer, lost, page, problem

PLAN = {
    "project": "shop",
    "release": "1.1.0",
    "environment": "production",
    "hash": samples.HASH,
    "hosts": ["db-1", "web-1", "web-2", "web-3"],
    "stages": [
        {
            "key": "backup", "step": "backup", "uses": "backup_database", "kind": "hosts", "needs": [], "total": 1,
            "window": 1, "hosts": ["db-1"], "images": {}, "notes": [], "bake": 0.0, "gate": None,
        },
        {
            "key": "web/gate", "step": "web", "uses": "deploy_image", "kind": "gate", "needs": ["backup"], "total": 1,
            "window": 1, "hosts": [], "images": {}, "notes": [], "bake": 0.0,
            "gate": {"instructions": "Look", "approvers": ["release-managers"], "timeout": 259200.0},
        },
        {
            "key": "web/bake", "step": "web", "uses": "deploy_image", "kind": "bake", "needs": ["web/gate"], "total": 1,
            "window": 1, "hosts": [], "images": {}, "notes": [], "bake": 600.0, "gate": None,
        },
        {
            "key": "web", "step": "web", "uses": "deploy_image", "kind": "hosts", "needs": ["web/bake"], "total": 3,
            "window": 1, "hosts": ["web-1", "web-2", "web-3"],
            "images": {"web": f"registry.example.com/shop/web@{samples.DIGEST}"},
            "notes": ["publish binds the host's port"], "bake": 0.0, "gate": None,
        },
    ],
}  # fmt: skip


def test_a_release_is_created_and_shown(api, tidegate):
    """Creating sends the tags that were given and an idempotency key, and shows what was resolved."""
    made = samples.release()
    api.on("POST", "/releases", Answer(201, made))
    ran = tidegate("release", "create", "shop", "1.1.0", "--image", "web=1.1.0-rc2")
    assert (ran, api.asked[0].json, len(api.asked[0].headers["idempotency-key"])) == (
        Ran(
            0,
            "shop 1.1.0, created 2026-05-01 11:00 by alice\n"
            "IMAGE  REFERENCE\n"
            f"web    registry.example.com/shop/web@{samples.DIGEST}\n",
        ),
        {"project": "shop", "version": "1.1.0", "images": {"web": "1.1.0-rc2"}},
        28,
    )


def test_a_lost_answer_is_asked_for_again_under_the_same_key(api, tidegate):
    """When the answer to a creating request is lost, it is repeated with its key, and that is said."""
    api.on("POST", "/releases", DROP, Answer(201, samples.release()))
    ran = tidegate("release", "create", "shop", "1.1.0")
    keys = {asked.headers["idempotency-key"] for asked in api.asked}
    assert (ran.code, len(api.asked), len(keys), ran.err) == (
        0,
        2,
        1,
        f"{lost(api)} Trying again.\n",
    )


def test_releases_are_listed(api, tidegate):
    """The list shows digests as Docker shortens them, and no more items than asked for."""
    api.on("GET", "/releases", {"items": [samples.release()], "next": "more"})
    ran = tidegate("release", "list", "shop", "--limit", "1")
    assert (ran.out.splitlines(), [asked.query for asked in api.asked]) == (
        [
            "PROJECT  VERSION  IMAGES            CREATED           CREATED BY",
            "shop     1.1.0    web@ab12cd34ef56  2026-05-01 11:00  alice",
        ],
        [{"project": "shop", "limit": "1"}],
    )


def test_json_is_the_servers_document(api, tidegate):
    """With --json a release is printed as the API answers it, times in UTC."""
    api.on("GET", "/releases/shop/1.1.0", samples.release())
    assert json.loads(tidegate("release", "show", "shop", "1.1.0", "--json").out) == samples.release()


def test_a_plan_shows_what_would_be_done(api, tidegate):
    """Stages in order: what each does, where, how many at once, what it waits for; then the notes."""
    api.on("POST", "/plans", PLAN)
    assert tidegate("plan", "shop", "1.1.0", "production").out.splitlines() == [
        "shop 1.1.0 to production: 4 hosts, plan 3fa900000000",
        "STAGE     DOES                                             WHERE                           WAITS FOR",
        "backup    backup_database                                  db-1                            -",
        "web/gate  waits for one of release-managers, 72 h at most  -                               backup",
        "web/bake  waits 10 min                                     -                               web/gate",
        "web       deploy_image shop/web@ab12cd34ef56               web-1, web-2, web-3, 1 at once  web/bake",
        "Note on web: publish binds the host's port",
        "Nothing has been done. Deploy it with: tidegate deploy shop 1.1.0 production --wait",
    ]


def test_deploying_says_how_to_follow(api, tidegate):
    """Without --wait the deployment's id comes first, and how to follow it; the given idempotency key is sent."""
    api.on("POST", "/deployments", Answer(201, samples.deployment("queued")))
    ran = tidegate("deploy", "shop", "1.1.0", "production", "--idempotency-key", "build-7")
    assert (ran, api.asked[0].json, api.asked[0].headers["idempotency-key"]) == (
        Ran(
            0,
            "shop-42-k7q2: shop 1.1.0 to production, queued\n"
            "Follow it with: tidegate status shop-42-k7q2 --wait\n",
        ),
        {"project": "shop", "release": "1.1.0", "environment": "production"},
        "build-7",
    )


def test_a_deployment_of_unknown_fate_can_be_repeated(api, tidegate):
    """When no answer comes at all, the error names the key under which repeating cannot make a second one."""
    api.on("POST", "/deployments", DROP)
    again = "tidegate deploy shop 1.1.0 production --idempotency-key build-7"
    ran = tidegate(*again.split()[1:], "--json")
    error = json.loads(ran.err)
    assert (ran.code, len(api.asked), error["detail"], error["hint"]) == (
        1,
        4,
        f"{lost(api)} Whether the deployment was made is not known.",
        f"Repeat it with the same key, which cannot make a second one: {again}",
    )


def test_the_same_deployment_twice_is_refused(api, tidegate):
    """A conflict is an error with the server's own sentence, and is not repeated."""
    api.on("POST", "/deployments", problem(409, "shop-42-k7q2 deploys shop 1.1.0 to production already."))
    assert (tidegate("deploy", "shop", "1.1.0", "production"), len(api.asked)) == (
        Ran(1, "", "Error: shop-42-k7q2 deploys shop 1.1.0 to production already.\n"),
        1,
    )


def test_cancelling_says_what_happens(api, tidegate):
    """Cancel shows the new status and how to follow; it is not repeated, since it carries no key."""
    api.on("POST", "/deployments/shop-42-k7q2/cancel", Answer(202, samples.deployment("cancelling")))
    assert tidegate("cancel", "shop-42-k7q2") == Ran(
        0,
        "shop-42-k7q2: shop 1.1.0 to production, cancelling\n"
        "Hosts are asked to stop. Follow it with: tidegate status shop-42-k7q2 --wait\n",
    )


def test_deployments_are_listed(api, tidegate):
    """Without an id `status` lists deployments with how long each took."""
    ended = samples.deployment("failed", ended_at="2026-05-01T10:08:12.123456+00:00")
    api.on("GET", "/deployments", page(ended))
    ran = tidegate("status", "--status", "failed", "--project", "shop")
    assert (ran.out.splitlines(), api.asked[0].query) == (
        [
            "DEPLOYMENT    RELEASE  ENVIRONMENT  STATUS  STARTED           TOOK        BY",
            "shop-42-k7q2  1.1.0    production   failed  2026-05-01 11:00  8 min 12 s  alice",
        ],
        {"project": "shop", "status": "failed", "limit": "20"},
    )


def test_status_shows_what_failed_and_what_waits(api, tidegate):
    """One deployment: its stages, only the tasks that run or went wrong with their errors, and how to answer."""
    error = {
        "code": "unhealthy",
        "message": "web never became healthy.",
        "hint": "See its log.",
        "retryable": True,
    }
    progress = {"done": 12.0, "total": 27.4, "unit": "MB", "text": "pulling web"}
    guidance = samples.gate(
        id="shop-42-k7q2.guidance.1", kind="guidance", task="web@web-2", instructions="", approvers=[],
        choices=["retry", "continue", "abort"],
    )  # fmt: skip
    api.on(
        "GET",
        "/deployments/shop-42-k7q2",
        samples.deployment(
            "waiting",
            samples.stage("backup", status="done", succeeded=1, uses="backup_database"),
            samples.stage("web", status="open", total=3, alive=1, succeeded=1, failed=1),
            interruptions=[guidance],
            ended_at="2026-05-01T10:08:12.123456+00:00",
        ),
    )
    api.on(
        "GET",
        "/deployments/shop-42-k7q2/tasks",
        page(
            samples.task("web@web-1", "succeeded"),
            samples.task("web@web-2", "failed", attempt=2, error=error),
            samples.task("web@web-3", "running", progress=progress),
        ),
    )
    ran = tidegate("status", "shop-42-k7q2")
    expiry = ran.out.partition(" until ")[2].partition(" (in ")[0]
    assert (ran.out.splitlines(), api.asked[1].query) == (
        [
            "shop-42-k7q2: shop 1.1.0 to production, waiting",
            "Created 2026-05-01 11:00 by alice; ended 2026-05-01 11:08 after 8 min 12 s",
            "",
            "STAGE   DOES             STATUS  DONE    RUNNING  FAILED",
            "backup  backup_database  done    1 of 1  -        -",
            "web     deploy_image     failed  1 of 3  1        1",
            "",
            "TASK       ATTEMPT  STATUS   WHAT IT SAYS",
            "web@web-2  2        failed   web never became healthy. See its log.",
            "web@web-3  1        running  pulling web: 12 of 27 MB",
            "",
            f"web@web-2 waits for a person (anyone with a key) until {expiry} (in 71 h 58 min)",
            "  tidegate answer shop-42-k7q2 retry   # run the failed tasks again",
            "  tidegate answer shop-42-k7q2 continue   # go on without the failed tasks",
            "  tidegate answer shop-42-k7q2 abort   # end the deployment as failed",
            f"  or by the API: {samples.curl(api.url, 'shop-42-k7q2.guidance.1', 'retry')}",
        ],
        {"stage": "web", "limit": "500"},
    )


def test_status_shows_every_task_on_request(api, tidegate):
    """With --tasks all of them are shown, also those that are done or have not begun."""
    api.on(
        "GET",
        "/deployments/shop-42-k7q2",
        samples.deployment("queued", samples.stage("web"), started_at=None),
    )
    tasks = [samples.task("web@web-1", "succeeded"), samples.task("web@web-2", "waiting", attempt=0)]
    api.on("GET", "/deployments/shop-42-k7q2/tasks", page(*tasks))
    ran = tidegate("status", "shop-42-k7q2", "--tasks")
    assert (ran.out.splitlines(), api.asked[1].query) == (
        [
            "shop-42-k7q2: shop 1.1.0 to production, queued",
            "Created 2026-05-01 11:00 by alice; not started",
            "",
            "STAGE  DOES          STATUS       DONE    RUNNING  FAILED",
            "web    deploy_image  not reached  0 of 1  -        -",
            "",
            "TASK       ATTEMPT  STATUS     WHAT IT SAYS",
            "web@web-1  1        succeeded  -",
            "web@web-2  -        waiting    -",
        ],
        {"limit": "500"},
    )


def test_a_great_failure_is_shortened(api, tidegate):
    """Of many failed tasks the first fifty are shown, and how to see the others."""
    api.on("GET", "/deployments/shop-42-k7q2", samples.deployment("failed", samples.stage("web", failed=60)))
    tasks = [samples.task(f"web@web-{number}", "lost") for number in range(60)]
    api.on("GET", "/deployments/shop-42-k7q2/tasks", page(*tasks))
    shown = tidegate("status", "shop-42-k7q2").out.splitlines()
    assert (len([line for line in shown if " lost" in line]), shown[-1]) == (
        50,
        "and 10 more: tidegate status shop-42-k7q2 --tasks",
    )
