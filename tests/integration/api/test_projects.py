"""/projects over real HTTP on both databases."""


def test_a_new_process_is_applied(admin, process):
    """A process makes its project with revision 1; the same text again is no revision, another text the next one."""
    first = admin.post("/projects", content=process)
    again = admin.post("/projects", content=process)
    other = admin.post("/projects", content=process + "# a remark\n")
    assert [each.text for each in (first, again, other) if not each.is_success] == []
    seen = [
        (each.status_code, each.json()["revision"], each.json()["changed"]) for each in (first, again, other)
    ]
    assert seen == [(201, 1, True), (200, 1, False), (200, 2, True)]
    assert other.headers["ETag"] == '"2"'


def test_a_project_is_shown_as_declared(admin, shop, registry):
    """The project says what its process declares, and which secrets still have no value."""
    shown = admin.get("/projects/shop").json()
    for varying in ("applied_at",):
        shown.pop(varying)
    assert shown == {
        "name": "shop",
        "revision": 1,
        "applied_by": "alice",
        "environments": ["uat", "production"],
        "steps": [{"id": "web", "uses": "deploy_image", "needs": []}],
        "images": {"web": f"{registry.host}/shop/web"},
        "secrets": ["DATABASE_URL?environment=production"],
        "notes": [
            "secret DATABASE_URL?environment=production has no value yet: set it with `tidegate secrets set`"
        ],
    }
    assert admin.get("/projects/shop/process").text == shop
    assert [each["name"] for each in admin.get("/projects").json()["items"]] == ["shop"]


def test_a_bad_process_changes_nothing_and_names_every_problem(admin, shop):
    """All problems come at once, each with its line and column and the nearest key, and the old revision stays."""
    bad = shop.replace("environments:", "enviroments:").replace("uses: deploy_image", "uses: deploy_imag")
    answer = admin.post("/projects", content=bad, params={"file": "shop.yaml"})
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert {key: document[key] for key in ("type", "status", "instance", "retryable")} == {
        "type": "urn:tidegate:problem:invalid",
        "status": 422,
        "instance": "/api/v1/projects",
        "retryable": False,
    }
    lines = {(each["path"], each["line"], each["nearest"]) for each in document["problems"]}
    assert {("enviroments", 2, "environments"), ("process[0].uses", 11, "deploy_image")} <= lines
    assert all(each["sentence"].startswith("shop.yaml") for each in document["problems"])
    assert admin.get("/projects/shop").json()["revision"] == 1


def test_a_dry_run_writes_nothing(admin, process):
    """A dry run checks and answers as the application would, and leaves no project behind."""
    answer = admin.post("/projects", content=process, params={"dry_run": "true"})
    assert (answer.status_code, answer.json()["changed"]) == (200, True)
    assert admin.get("/projects/shop").status_code == 404


def test_a_misspelt_parameter_is_refused(admin, process):
    """`?dry-run=true` does not apply the process by mistake: it is refused, with the nearest parameter."""
    answer = admin.post("/projects", content=process, params={"dry-run": "true"})
    assert answer.status_code == 422
    assert [each["sentence"] for each in answer.json()["problems"]] == [
        "query dry-run: unknown parameter; expected one of dry_run, file; did you mean dry_run?"
    ]
    assert admin.get("/projects").json() == {"items": [], "next": None}


def test_another_project_in_the_text_is_refused(admin, process):
    """PUT to one project refuses the text of another one."""
    answer = admin.put("/projects/mailer", content=process)
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "tidegate.yaml declares project shop, not mailer",
    )


def test_nobody_overwrites_a_revision_he_has_not_seen(admin, shop):
    """If-Match lets exactly the revision it names be replaced, and If-None-Match: * lets none."""
    changed = {"content": shop + "# more\n"}
    outdated = admin.put("/projects/shop", **changed, headers={"If-Match": '"7"'})
    assert (outdated.status_code, outdated.headers["ETag"]) == (412, '"1"')
    assert admin.put("/projects/shop", **changed, headers={"If-None-Match": "*"}).status_code == 412
    assert admin.put("/projects/shop", **changed, headers={"If-Match": '"1"'}).json()["revision"] == 2


def test_escapes_that_no_database_keeps_are_refused(admin, process):
    """A NUL or half a character written as an escape is refused before anything is stored."""
    for escape in ("\\0", "\\ud800"):
        bad = process.replace("postgres://uat", f'"{escape}"')
        answer = admin.post("/projects", content=bad)
        assert answer.status_code == 422, answer.text
    assert admin.get("/projects").json()["items"] == []


def test_lists_go_on_where_the_page_before_ended(admin, process):
    """Pages of two list five projects, each once, and the last page says that it is the last."""
    for name in ("a", "b", "c", "d", "e"):
        assert admin.post(
            "/projects", content=process.replace("project: shop", f"project: {name}")
        ).is_success
    seen, cursor = [], None
    while True:
        answer = admin.get("/projects", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen.append([each["name"] for each in answer["items"]])
        cursor = answer["next"]
        if cursor is None:
            break
    assert seen == [["a", "b"], ["c", "d"], ["e"]]
