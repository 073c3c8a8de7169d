"""Messages as they lie in Redis: a good one, and what somebody may push who wishes us ill."""

import base64
import json

BODY = "s3cr3t-body"


def item(queue, name, identity="1", *, body=None, headers=None, properties=None):
    """Return one good message as text, with the given parts replaced."""
    good = [[BODY, "nothing", "k"], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    return json.dumps(
        {
            "body": base64.b64encode(json.dumps(good if body is None else body).encode()).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {
                "lang": "py",
                "task": name,
                "id": identity,
                "timelimit": [None, None],
                "argsrepr": "shop",
            }
            | (headers or {}),
            "properties": {
                "correlation_id": identity,
                "delivery_tag": f"tag-{identity}",
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": 0,
                "body_encoding": "base64",
            }
            | (properties or {}),
        }
    )


def malformed(queue, name):
    """Return twenty messages that no consumer should survive by luck, each with BODY in it."""
    good = json.loads(item(queue, name))

    def without(key):
        return json.dumps({k: v for k, v in good.items() if k != key})

    def with_(**parts):
        return json.dumps(good | parts).encode()

    return [
        BODY.encode(),
        b"\xff\xfe" + BODY.encode(),
        b"[" * 100_000 + BODY.encode(),
        b'"' + BODY.encode() + b'"',
        json.dumps([BODY]).encode(),
        json.dumps({"body": BODY}).encode(),
        without("headers").encode(),
        without("properties").encode(),
        without("body").encode(),
        item(queue, name, headers={"task": None}).encode(),
        item(queue, name, headers={"task": [BODY]}).encode(),
        item(queue, name, headers={"id": {"a": BODY}}).encode(),
        with_(**{"content-type": "application/x-python-serialize"}),
        with_(body=f"{BODY}!!"),
        with_(headers=BODY),
        with_(properties=BODY),
        item(queue, name, properties={"delivery_info": None}).encode(),
        item(queue, name, body={"args": [BODY]}).encode(),
        item(queue, name, body=[[BODY], {}]).encode(),
        item(queue, name, body=[[1, BODY, 2], {"x": BODY}, {}]).encode(),
        item(queue, "tidegate.nobody_knows_this").encode(),
    ]
