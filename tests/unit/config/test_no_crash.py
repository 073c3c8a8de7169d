"""Whatever stands in a file: it loads, or it is refused with a sentence."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.inventory import load_inventory
from config.problems import DeclarationError
from config.process import load_process
from tests.unit.config.kinds import KINDS, SHOP

MALFORMED = sorted(
    path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("malformed/*/*.yaml")
)
SIGNS = "{ } [ ] &a *a << !!str ? | > ' \" # null ~ 0 -1 1e999 .nan yes %YAML with process $secret 25% 72h é"
BLANKS = [": ", "- ", "\n", "\t", "  ", "---\n", "{{ ", " }}", "{{ A }}", "{{ tidegate.host }}"]
FRAGMENTS = st.sampled_from([*SIGNS.split(), *BLANKS, "\x85", "\u2028", "\ud800", "\x00", "\ufeff"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | FRAGMENTS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | FRAGMENTS, inner, max_size=4)
    ),
    max_leaves=12,
)
KEYS = ("project", "environments", "images", "variables", "process", "deployment", "retain")
STEP_KEYS = ("id", "hosts", "needs", "rollout", "with", "retries", "timeout")


def holds(text):
    for load in (lambda: load_process(text, KINDS), lambda: load_inventory(text)):
        told = problems_of(load)
        assert told is None or (told and all(str(problem).isprintable() for problem in told))


def problems_of(load):
    try:
        load()
    except DeclarationError as refused:
        return refused.problems
    return None


@given(st.text() | st.binary())
def test_any_text_loads_or_is_refused(text):
    """No text and no bytes whatever crash the reader."""
    holds(text)


@given(st.lists(FRAGMENTS | st.text(max_size=4), max_size=30).map("".join))
def test_yaml_like_text_loads_or_is_refused(text):
    """No sequence of YAML's own signs crashes the reader."""
    holds(text)


@given(st.sampled_from([SHOP, *MALFORMED]), st.integers(0, 2000), st.integers(0, 6), FRAGMENTS)
def test_a_damaged_file_loads_or_is_refused(text, at, length, fragment):
    """No file with some characters replaced crashes the reader."""
    holds(text[:at] + fragment + text[at + length :])


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, VALUES)),
    st.lists(
        st.fixed_dictionaries(
            {"uses": st.sampled_from(sorted(KINDS))},
            optional=dict.fromkeys(STEP_KEYS, VALUES),
        ),
        max_size=3,
    ),
)
def test_any_values_under_the_right_keys_load_or_are_refused(top, steps):
    """No value of whatever type under a key that is known crashes the reader."""
    holds(written({**top, "process": steps}))


def written(value):
    """Write JSON-like values as YAML's flow style; texts as they are half of the time, to be read as anything."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)}: {written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(each) for each in value) + "]"
    if isinstance(value, str) and len(value) % 2:
        return "'" + value.replace("'", "''") + "'"
    return str(value)


@pytest.mark.parametrize("sign", ["[", "{a: ", "- ", "? ", "[{a: ", "&a [", "!!str "])
def test_deep_nesting_is_refused_at_once(sign):
    """Tens of thousands of opened brackets are refused by their depth, without recursion or long work."""
    holds(sign * 20_000)
