"""The person at the gate: asked in a terminal, spared where there is none."""

from __future__ import annotations

import json
import select
import sys

from rich.text import Text

from coordinator.cli.client import Client
from coordinator.cli.documents import Interruption
from coordinator.cli.errors import CliError
from examples.demo.following import Watch
from examples.demo.looking import place_order
from examples.demo.programs import REVIEWER, Programs
from examples.demo.screen import Screen

GLANCE = 0.3  # seconds between two looks at whether somebody answered elsewhere


def approve(client: Client, gate: Interruption, note: str) -> None:
    client.answer(gate["id"], "approve", note=note, plan_hash=gate["plan_hash"])


def review(client: Client, gate: Interruption, screen: Screen, page: str) -> None:
    """Do what the gate asks for, as a person would, and approve."""
    order = place_order(page)
    screen.say(f"nobody is asked: {REVIEWER} opens the canary, places one order ({order}) and approves")
    approve(client, gate, f"looked at the canary, placed {order}")


def ask(watch: Watch, client: Client, gate: Interruption, programs: Programs, page: str) -> None:
    """Show every way to answer, and wait until one was used; here it is Enter, or r and Enter."""
    for line in ways(gate, programs, page):
        watch.screen.say(line)
    here = [sys.stdin]  # empty after the end of the input: only the other ways are left then
    while watch.look()["status"] == "waiting":
        programs.check()
        if not select.select(here, [], [], GLANCE)[0]:
            continue
        typed = sys.stdin.readline()
        if not typed:
            here.clear()
            continue
        try:
            client.answer(
                gate["id"], _choice(typed), note="at the demo's prompt", plan_hash=gate["plan_hash"]
            )
        except CliError as error:  # somebody else was faster
            watch.screen.say(error.message)


def _choice(typed: str) -> str:
    return "reject" if typed.strip().lower() in {"r", "reject", "n", "no"} else "approve"


def ways(gate: Interruption, programs: Programs, page: str) -> list[Text | str]:
    """Return the instructions, where to look, and the commands that work from any terminal of this machine."""
    connection = f"--url {programs.url} --key-file {programs.reviewer_key}"
    body = json.dumps({"choice": "approve", "plan_hash": gate["plan_hash"]})
    target = f"{programs.url}/api/v1/interruptions/{gate['id']}/answer"
    headers = f'-H "Authorization: Bearer $(cat {programs.reviewer_key})" -H "Content-Type: application/json"'
    return [
        Text.assemble(("It is your turn: ", "bold yellow"), f"{gate['instructions']}: {page}"),
        Text.assemble(("here       ", "bold"), "Enter approves, r and Enter rejects"),
        Text.assemble(
            ("terminal   ", "bold"), f"{sys.prefix}/bin/tidegate approve {gate['deployment']} {connection}"
        ),
        Text.assemble(("curl       ", "bold"), f"curl {headers} -d '{body}' {target}"),
    ]
