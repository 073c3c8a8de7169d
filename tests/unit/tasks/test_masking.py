"""Masking of secrets in logs."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.masking import Mask

SECRET = 'hunter22/ +"é'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote(SECRET, safe="")
        .replace("%2F", "%2f")
        .replace("%22", "%22")
        .replace("%2B", "%2b")
        .replace("%C3%A9", "%c3%a9"),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
    ],
)
def test_every_form_of_a_secret_is_masked(form):
    """A secret is masked plain, URL-quoted in either case, and escaped as in JSON."""
    assert Mask([SECRET]).text(f"before {form} after {form}") == "before [REDACTED] after [REDACTED]"


@pytest.mark.parametrize("before", ["", "u", "us", "use", "user:"])
def test_a_secret_inside_base64_is_masked(before):
    """A secret is masked in base64, wherever it stands in what was encoded, in both alphabets."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        shown = Mask(["hunter22hunter22"]).text(encode(f"{before}hunter22hunter22!".encode()).decode())
        assert ("[REDACTED]" in shown, len(shown) < len("[REDACTED]") + 12) == (True, True)


def test_each_line_of_a_secret_of_many_lines_is_masked():
    """A key of several lines is masked though logs come line by line."""
    mask = Mask(["-----BEGIN KEY-----\nabcdef\n  ghijkl\n-----END KEY-----\n"])
    assert [mask.text(line) for line in ("x abcdef", "  ghijkl", "plain")] == [
        "x [REDACTED]",
        "  [REDACTED]",
        "plain",
    ]


def test_short_secrets_are_masked_as_whole_lines_only():
    """A secret of three characters does not blank out half of the log."""
    mask = Mask(["abc", ""])
    assert [mask.text(line) for line in ("abc", " abc ", "abcd", "")] == [
        "[REDACTED]",
        "[REDACTED]",
        "abcd",
        "",
    ]


def test_the_longest_secret_wins():
    """A secret that contains another leaves nothing of itself behind."""
    assert Mask(["hunter", "hunter22"]).text("hunter22 hunter") == "[REDACTED] [REDACTED]"


def test_trees_are_masked_through():
    """Every text in JSON-like data is masked, keys too, and nothing else changes."""
    masked = Mask(["hunter22"]).tree({"a": ["x hunter22", 1, None, True], "hunter22": {"b": ("hunter22",)}})
    assert masked == {"a": ["x [REDACTED]", 1, None, True], "[REDACTED]": {"b": ("[REDACTED]",)}}


def test_nothing_to_mask():
    """Without secrets every line stays as it is."""
    assert Mask([]).text("as it is") == "as it is"


@given(st.text(min_size=4), st.text(), st.text())
def test_a_secret_never_survives_in_plain(secret, before, after):
    """Whatever stands around it, a secret of four characters or more is not found in the masked line."""
    shown = Mask([secret]).text(before + secret + after)
    assert secret not in shown.replace("[REDACTED]", "\0")
