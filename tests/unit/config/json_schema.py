"""As much of JSON Schema 2020-12 as `tidegate schema` uses; an unknown keyword is an error."""

import re

TYPES = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
SILENT = {"description", "default", "title", "$schema", "$defs", "then", "writeOnly"}


def fits(value, schema, root):
    """Say whether the value fits the schema."""
    if isinstance(schema, bool):
        return schema
    return all(
        holds(keyword, given, value, schema, root)
        for keyword, given in schema.items()
        if keyword not in SILENT
    )


def holds(keyword, given, value, schema, root):
    if keyword in RULES:
        return RULES[keyword](given, value, schema, root)
    if keyword in OF_TEXT:
        return not isinstance(value, str) or OF_TEXT[keyword](given, value)
    if keyword in OF_NUMBERS:
        return not TYPES["number"](value) or OF_NUMBERS[keyword](given, value)
    if keyword in OF_MAPPINGS:
        return not isinstance(value, dict) or OF_MAPPINGS[keyword](given, value, schema, root)
    raise AssertionError(f"this checker does not know {keyword}")


RULES = {
    "$ref": lambda given, value, _schema, root: fits(
        value, root["$defs"][given.removeprefix("#/$defs/")], root
    ),
    "type": lambda given, value, _schema, _root: any(
        TYPES[each](value) for each in ([given] if isinstance(given, str) else given)
    ),
    "enum": lambda given, value, _schema, _root: value in given,
    "const": lambda given, value, _schema, _root: value == given,
    "anyOf": lambda given, value, _schema, root: any(fits(value, each, root) for each in given),
    "allOf": lambda given, value, _schema, root: all(fits(value, each, root) for each in given),
    "if": lambda given, value, schema, root: (
        not fits(value, given, root) or fits(value, schema["then"], root)
    ),
    "items": lambda given, value, _schema, root: (
        not isinstance(value, list) or all(fits(each, given, root) for each in value)
    ),
}
OF_TEXT = {
    "pattern": lambda given, value: re.search(given, value) is not None,
    "minLength": lambda given, value: len(value) >= given,
    "maxLength": lambda given, value: len(value) <= given,
}
OF_NUMBERS = {
    "minimum": lambda given, value: value >= given,
    "maximum": lambda given, value: value <= given,
}
OF_MAPPINGS = {
    "required": lambda given, value, _schema, _root: set(given) <= value.keys(),
    "properties": lambda given, value, _schema, root: all(
        fits(each, given[key], root) for key, each in value.items() if key in given
    ),
    "patternProperties": lambda given, value, _schema, root: all(
        fits(each, inner, root)
        for key, each in value.items()
        for pattern, inner in given.items()
        if re.search(pattern, key)
    ),
    "propertyNames": lambda given, value, _schema, root: all(fits(key, given, root) for key in value),
    "additionalProperties": lambda given, value, schema, root: all(
        fits(value[key], given, root) for key in value.keys() - schema.get("properties", {}).keys()
    ),
}
