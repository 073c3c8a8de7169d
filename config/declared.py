"""The parent of everything that is declared: frozen, and unknown keys are refused."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Declared(BaseModel):
    """A declaration. Made by name in code (`Step(parameters=...)`), by its YAML key in files (`with:`)."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,  # what the JSON Schema tells the editor
        hide_input_in_errors=True,  # a secret handed in by mistake must not be printed by the error
    )

    example: ClassVar[str] = "a mapping of keys and values"
    """What was expected where something else stands."""

    later: ClassVar[Mapping[str, str]] = {}
    """Keys that a later version brings, each with the sentence that says so and what to do until then."""

    meant: ClassVar[Mapping[str, str]] = {}
    """Keys of other tools that people write by habit, each with ours."""
