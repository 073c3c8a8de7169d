"""Which place this machine can offer."""

from __future__ import annotations

from examples.demo.ground import Ground
from examples.demo.lab_ground import LabGround
from tests.lab import why_not_here


def choose(*, one_engine: bool) -> Ground:
    """Return four lab hosts where they can be, else the one engine that is here; DemoError when there is neither."""
    reason = "as asked" if one_engine else why_not_here()
    if reason is None:
        return LabGround()
    raise NotImplementedError
