"""Fixtures of all lab tests: one lab of four hosts for the whole session."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.lab import Lab, MissingToolsError, ensure_tools, why_not_here


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Four hosts: web-1, web-2, web-3 and db-1, shared: a test leaves the hosts as it found them."""
    require_lab()
    with Lab.up(f"t{os.getpid()}") as one:
        yield one


def require_lab() -> None:
    """Skip where no lab can be, which fails in CI (tests/conftest.py)."""
    reason = why_not_here()
    if not reason:
        try:
            ensure_tools()
        except MissingToolsError as error:
            reason = str(error)
    if reason:
        pytest.skip(reason)
