"""Parameters that several commands take."""

from typing import Annotated

import typer

ProjectName = Annotated[str, typer.Argument(metavar="PROJECT", help="The project.")]
ReleaseVersion = Annotated[
    str, typer.Argument(metavar="VERSION", help="The release's version, such as 1.1.0.")
]
EnvironmentName = Annotated[
    str, typer.Argument(metavar="ENVIRONMENT", help="The environment, such as production.")
]
DeploymentId = Annotated[
    str, typer.Argument(metavar="DEPLOYMENT", help="The deployment, such as shop-42-k7q2.")
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, max=10_000, help="How many at most.")]
IdempotencyKey = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key",
        metavar="TEXT",
        help="Your own name for this request: repeated under the same one it is done once. [default: a new one]",
    ),
]
