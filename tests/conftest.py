"""What holds for every test: nothing is skipped in CI, and Hypothesis is as free there as at a desk."""

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# Hypothesis has a profile of its own for CI, which tries the same examples each time; ours tries new ones each time.
# A machine that is busy with the lab is slow for reasons that no example is to blame for, so no time is measured.
settings.register_profile(
    "everywhere",
    settings.get_profile("default"),
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def pytest_configure() -> None:
    settings.load_profile("everywhere")
    # A shell starts what runs in its background deaf to Ctrl-C, and programs that tests start inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """In CI a skip is a failure: there nobody would see what was not tested."""
    report = yield
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"{item.nodeid} may not be skipped in CI: {reason}"
    return report
