"""The JSON Schema of the process file, with which editors complete and check it (`tidegate schema`)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from config.durations import format_duration
from config.expectations import Parsed
from config.process import Process
from config.steps.parameters import StepParameters

_TEMPLATE: Final = {"type": "string", "pattern": r"\{\{"}
_NARROW: Final = frozenset({"pattern", "enum", "const"})
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


class _AsWritten(GenerateJsonSchema):
    """Shows defaults as people write them: 5m, 25%."""

    def encode_default(self, dft: object) -> Any:  # noqa: ANN401  # as the parent
        if isinstance(dft, timedelta):
            return format_duration(dft)
        return dft.written() if isinstance(dft, Parsed) else super().encode_default(dft)


def process_schema(kinds: Mapping[str, type[StepParameters]]) -> Schema:
    """Return the schema; `with` is checked by the kind that `uses` names."""
    schema = Process.model_json_schema(schema_generator=_AsWritten, ref_template="#/$defs/{model}")
    definitions = schema.pop("$defs")
    for name, kind in sorted(kinds.items()):
        parameters = kind.model_json_schema(
            schema_generator=_AsWritten, ref_template=f"#/$defs/{name}.{{model}}"
        )
        for inner, definition in parameters.pop("$defs", {}).items():
            definitions[f"{name}.{inner}"] = _with_templates(definition)
        definitions[name] = _with_templates(parameters)
    step = definitions["Step"]
    step["properties"]["uses"] = {"enum": sorted(kinds), "description": "The step kind."}
    step["properties"]["with"] = {"type": "object", "description": "The kind's parameters."}
    step["allOf"] = [_when_used(name, kind) for name, kind in sorted(kinds.items())]
    untitled = _untitled({"$schema": _DRAFT, **schema, "$defs": definitions})
    return {**untitled, "title": "Tidegate process"}


def _when_used(name: str, kind: type[StepParameters]) -> Schema:
    required = ["hosts"] if kind.runs_on == "host" else []
    if any(field.is_required() for field in kind.model_fields.values()):
        required.append("with")
    then: Schema = {"properties": {"with": {"$ref": f"#/$defs/{name}"}}}
    if required:
        then["required"] = required
    if kind.runs_on == "coordinator":
        then["properties"] |= {"hosts": False, "rollout": False}
    return {"if": {"properties": {"uses": {"const": name}}, "required": ["uses"]}, "then": then}


def _with_templates(schema: Schema) -> Schema:
    """Let a template stand wherever a value is narrower than text."""
    if schema.get("type") in ("integer", "number", "boolean") or _NARROW & schema.keys():
        described = {key: value for key, value in schema.items() if key in {"description", "default"}}
        narrow = {key: value for key, value in schema.items() if key not in described}
        return {"anyOf": [narrow, _TEMPLATE], **described}
    return {key: _inside(key, value) for key, value in schema.items()}


def _inside(key: str, value: Any) -> Any:  # noqa: ANN401  # JSON Schema is any JSON
    if key == "properties":
        return {name: _with_templates(each) for name, each in value.items()}
    if key in {"anyOf", "allOf", "oneOf", "prefixItems"}:
        return [_with_templates(each) for each in value]
    if key in {"items", "additionalProperties"} and isinstance(value, dict):
        return _with_templates(value)
    return value


def _untitled(value: Any) -> Any:  # noqa: ANN401  # JSON Schema is any JSON
    """Leave out titles made of names, and empty defaults: they tell an editor nothing."""
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if not (key == "title" and isinstance(each, str))}
        return {key: _untitled(each) for key, each in kept.items() if (key, each) != ("default", None)}
    return [_untitled(each) for each in value] if isinstance(value, list) else value
