"""How an interruption asks: what is wanted, of whom, until when, and the ways to answer."""

import json
from collections.abc import Iterator
from datetime import datetime

from rich.text import Text

from coordinator.cli import times
from coordinator.cli.documents import Deployment, Interruption
from coordinator.cli.words import listed

_MEANING = {
    "retry": "run the failed tasks again",
    "continue": "go on without the failed tasks",
    "abort": "end the deployment as failed",
}


def waiting(found: Interruption, name: str, url: str, now: datetime) -> Iterator[Text | str]:
    """Say that `found` waits, and how to answer it under `name` by command and by API."""
    who = listed(found["approvers"]) or "anyone with a key"
    about = f" waits for a person ({who}) until {times.deadline(found['expires_at'], now)}"
    yield Text.assemble((found["task"], "bold yellow"), about)
    if found["instructions"]:
        yield f"  {found['instructions']}"
    for command, meaning in _commands(found, name):
        yield f"  {command}{f'   # {meaning}' if meaning else ''}"
    yield f"  or by the API: {curl(found, url)}"


def _commands(found: Interruption, name: str) -> Iterator[tuple[str, str]]:
    if found["kind"] == "gate":
        yield f"tidegate approve {name}", ""
        yield f'tidegate reject {name} --note "why"', ""
        return
    for choice in found["choices"]:
        yield f"tidegate answer {name} {choice}", _MEANING.get(choice, "")


def curl(found: Interruption, url: str) -> str:
    """Return the request that answers, with the first choice, as a command that can be pasted."""
    body = json.dumps({"choice": found["choices"][0], "plan_hash": found["plan_hash"]})
    target = f"{url}/api/v1/interruptions/{found['id']}/answer"
    headers = "-H \"Authorization: Bearer $TIDEGATE_KEY\" -H 'Content-Type: application/json'"
    return f"curl -X POST {headers} -d '{body}' '{target}'"


def shortest_name(deployment: Deployment, found: Interruption) -> str:
    """Return the shortest name by which the interruption can be answered."""
    return deployment["id"] if len(deployment["interruptions"]) == 1 else found["id"]


def closed(found: Interruption) -> str:
    """`web/gate: approve by alice: looks good`, or `web/gate: expired`."""
    if found["choice"] is None:
        return f"{found['task']}: {found['status']}"
    note = f": {found['note']}" if found["note"] else ""
    return f"{found['task']}: {found['choice']} by {found['answered_by']}{note}"


def answered(found: Interruption, now: datetime) -> str:
    """`shop-42-k7q2 web/gate: approve by alice: looks good (14:02:11)`."""
    return f"{found['deployment']} {closed(found)} ({times.moment(found['answered_at'], now)})"
