"""`tidegate approve`, `reject` and `answer`: a person decides."""

from typing import Annotated

import typer

from coordinator.cli.documents import Interruption
from coordinator.cli.errors import CliError, Refused, WrongUse
from coordinator.cli.session import Session
from coordinator.cli.views import interruptions
from tasks.clock import now

Which = Annotated[
    str,
    typer.Argument(
        metavar="INTERRUPTION_OR_DEPLOYMENT", help="A deployment with one open interruption, or its id."
    ),
]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why; kept with the answer.")]


def approve(session: Session, which: Which, *, note: Note = "") -> None:
    """Approve at a gate: the deployment goes on."""
    _answer(session, which, "approve", note)


def reject(session: Session, which: Which, *, note: Note = "") -> None:
    """Reject at a gate: the deployment ends as failed."""
    _answer(session, which, "reject", note)


def answer(
    session: Session,
    which: Which,
    choice: Annotated[
        str,
        typer.Argument(
            metavar="CHOICE", help="approve or reject at a gate; retry, continue or abort after a failure."
        ),
    ],
    *,
    note: Note = "",
) -> None:
    """Answer any interruption."""
    _answer(session, which, choice, note)


def _answer(session: Session, which: str, choice: str, note: str) -> None:
    found = _interruption(session, which)
    if choice not in found["choices"]:
        raise WrongUse(
            f"{found['id']} cannot be answered with {choice}; its choices are {', '.join(found['choices'])}.",
            hint=f"Answer with, for example: tidegate answer {which} {found['choices'][0]}",
        )
    # The hash binds the answer to the plan that was shown; another plan voids it.
    given = session.client.answer(found["id"], choice, note=note, plan_hash=found["plan_hash"])
    session.screen.show(given, [interruptions.answered(given, now())])


def _interruption(session: Session, which: str) -> Interruption:
    """Return the interruption of that id, or the only open one of the deployment of that id."""
    try:
        return session.client.interruption(which)
    except Refused as error:
        if error.status != 404:  # noqa: PLR2004 - HTTP's number
            raise
    deployment = session.client.deployment(which)
    found = deployment["interruptions"]
    if len(found) == 1:
        return found[0]
    if found:
        raise WrongUse(
            f"{which} has {len(found)} open interruptions: {', '.join(each['id'] for each in found)}.",
            hint="Name the one you mean.",
        )
    raise CliError(
        f"{which} waits for nobody: it is {deployment['status']}.",
        hint=f"See it with: tidegate status {which}",
    )
