"""The OpenAPI document, from which clients are built."""


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_operation_has_a_name_a_sentence_an_example_and_its_refusals(admin):
    """No operation lacks what a reader of the document needs, and no name is used twice."""
    document = admin.get("/openapi.json").json()
    found = dict(operations(document))
    names = [operation["operationId"] for operation in found.values()]
    assert sorted(names) == sorted(set(names))
    assert len(names) > 35
    lacking = []
    for place, operation in found.items():
        good = [each for status, each in operation["responses"].items() if status.startswith("2")]
        has_example = any("example" in part for each in good for part in each.get("content", {}).values())
        empty = "204" in operation["responses"] or "text/event-stream" in str(good)
        refused = place == "GET /healthz" or {"401", "404", "422", "503"} <= operation["responses"].keys()
        if not (operation.get("description") and refused and (has_example or empty)):
            lacking.append(place)
    assert lacking == []


def test_bodies_are_described(admin):
    """Each operation that takes a body says its type, its schema and an example."""
    document = admin.get("/openapi.json").json()
    bodies = {
        place: list(operation["requestBody"]["content"])
        for place, operation in operations(document)
        if "requestBody" in operation
    }
    yaml, json = ["application/yaml"], ["application/json"]
    assert bodies == {
        "POST /api/v1/projects": yaml,
        "PUT /api/v1/projects/{project}": yaml,
        "PUT /api/v1/inventory": yaml,
        "PUT /api/v1/projects/{project}/secrets/{name}": json,
        "POST /api/v1/hosts": json,
        "POST /api/v1/keys": json,
        "POST /api/v1/releases": json,
        "POST /api/v1/plans": json,
        "POST /api/v1/deployments": json,
        "POST /api/v1/interruptions/{interruption}/answer": json,
    }


def test_editors_get_the_schemas(admin):
    """The schemas of both files are served, the process's with the step kinds of this coordinator."""
    process = admin.get("/schemas/process")
    assert process.headers["Content-Type"] == "application/schema+json"
    assert "deploy_image" in process.text
    assert admin.get("/schemas/inventory").json()["required"] == ["hosts"]
    assert admin.get("/version").json() == {"version": "0.1.0", "api": 1}
