"""Every file under malformed/ begins with the sentences (`#! `) that its author must read."""

from pathlib import Path

import pytest

from config.inventory import load_inventory
from config.problems import DeclarationError
from config.process import load_process
from tests.unit.config.kinds import KINDS

FILES = Path(__file__).parent / "malformed"


def named(folder):
    return [pytest.param(file, id=file.stem) for file in sorted((FILES / folder).glob("*.yaml"))]


def sentences(text):
    return [line.removeprefix("#! ") for line in text.splitlines() if line.startswith("#! ")]


def refused(load, *given):
    with pytest.raises(DeclarationError) as refusal:
        load(*given)
    return str(refusal.value).splitlines()


@pytest.mark.parametrize("file", named("process"))
def test_a_malformed_process_is_refused_with_all_its_problems_at_once(file):
    """A malformed process file is refused with every problem, its place, what was expected and the nearest."""
    text = file.read_text(encoding="utf-8")
    assert refused(load_process, text, KINDS, file.name) == sentences(text)


@pytest.mark.parametrize("file", named("inventory"))
def test_a_malformed_inventory_is_refused_with_all_its_problems_at_once(file):
    """A malformed inventory is refused with every problem, its place, what was expected and the nearest."""
    text = file.read_text(encoding="utf-8")
    assert refused(load_inventory, text, file.name) == sentences(text)


def test_bytes_that_are_not_utf8_are_refused_with_their_place():
    """A file saved in another encoding is refused with the line and column of the first wrong byte."""
    assert refused(load_process, b"project: shop\nimages: {a: caf\xe9}\n", KINDS, "shop.yaml") == [
        "shop.yaml:2:16: byte 0xe9 is not UTF-8; expected a file saved as UTF-8"
    ]


def test_utf8_with_a_byte_order_mark_is_read():
    """A byte order mark is no part of the first key."""
    assert load_inventory(b"\xef\xbb\xbfhosts: []\n").hosts == ()


def test_control_characters_are_refused():
    """A NUL in the text is refused with a sentence."""
    assert refused(load_process, "project: sh\0op\n", KINDS, "shop.yaml") == [
        "shop.yaml: the file contains a control character that YAML does not allow; expected printable text"
    ]


def test_an_oversized_file_is_refused_before_it_is_read():
    """A file beyond the limit is refused by its size."""
    assert refused(load_process, "#" * 300_000, KINDS, "shop.yaml") == [
        "shop.yaml: the file has 300000 characters; expected at most 131072"
    ]


def test_a_refused_file_tells_its_problems_as_values():
    """The problems are values that an API can send: source, path, line, column, message, expected, nearest."""
    with pytest.raises(DeclarationError) as refusal:
        load_inventory("hosts:\n  - {name: web-1, environments: [uat], rolls: []}\n")
    (problem,) = refusal.value.problems
    assert (problem.source, problem.path, problem.line, problem.column, problem.message, problem.nearest) == (
        "inventory.yaml",
        "hosts[0].rolls",
        2,
        40,
        "unknown key",
        "roles",
    )


def test_after_a_hundred_problems_they_are_counted():
    """A file that is wrong everywhere gets a hundred sentences and the number of the others."""
    told = refused(load_inventory, "hosts: [" + "x, " * 150 + "]", "inventory.yaml")
    assert (len(told), told[-1]) == (101, "inventory.yaml: and 50 more problems")
