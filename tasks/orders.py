"""Orders, coordinator -> worker: the body of a payload whose kind is the step kind."""

from typing import Any

from pydantic import Field, JsonValue

from tasks.bodies import Body


class RunStep(Body):
    """Run one step on one host.

    `parameters` are rendered; a text touched by a secret is `{"$sealed": "0"}`, and `sealed` is the base64 of
    a SealedBox for this host over the JSON object `{"0": "text", ...}` ("" when nothing is secret). `images`
    maps names to `registry/repository@sha256:...`; `timeout` is in seconds; `retain` counts releases.
    """

    project: str
    environment: str
    release: str
    plan_hash: str
    step: str
    uses: str
    host: str
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    sealed: str = ""
    images: dict[str, str] = Field(default_factory=dict)
    timeout: float = 3600.0
    retain: int = 5


def run_step(body: dict[str, Any]) -> RunStep:
    """Read an order's body; raises pydantic.ValidationError."""
    return RunStep.model_validate(body)
