"""A worker process on a lab host: joins, runs, reports, survives."""

import pytest

from tests.lab import Lab, shop, wait_until
from tests.unit.workers.post_office import post_office

pytestmark = pytest.mark.lab
NEVER = "never-healthy"


@pytest.fixture(scope="session")
def images(lab: Lab):
    """Two good versions of the shop's web and a bad one, pushed: `{version: reference by digest}`."""
    found = {}
    for version, broken in (("1.0.0", "no"), ("1.1.0", "no"), ("1.2.0", NEVER), ("1.3.0", "exits")):
        pushed = shop.build_and_push(lab, version, broken=broken)
        found[version] = {"web": f"{lab.registry.address}/shop/web@{pushed.web_digest}"}
    return found


@pytest.fixture
def office(lab, tmp_path):
    with post_office(lab, "web-1", tmp_path / "office") as one:
        yield one


def parameters(**more):
    return {
        "image": "web",
        "publish": ["8080:8080"],
        "health": {"path": "/up", "min_healthy_time": "300ms", "interval": "100ms", "deadline": "3s"},
        "stop_timeout": "2s",
        **more,
    }


def test_joins_runs_and_reports(office, images):
    """A fresh worker joins, runs an order, and its reports tell the whole story; the second run changes nothing."""
    office.start_worker()
    wait_until(lambda: any(r.kind == "hello" for r in office.desk.reports), "hello")
    first, second = "shop-1-aaaa.web@web-1.1", "shop-2-aaaa.web@web-1.1"
    office.desk.order(first, "deploy_image", parameters(), images=images["1.0.0"])
    done = office.final(first)
    assert (done["outcome"], done["outputs"]["changed"]) == ("succeeded", True), done
    assert done["facts"]["digest"] == images["1.0.0"]["web"].split("@")[1]
    assert office.instances() == {"shop-uat-web": ("running", "1.0.0")}
    kinds = [r.kind for r in office.desk.of(first)]
    assert (kinds[0], kinds[-1], set(kinds)) == (
        "accepted",
        "finished",
        {"accepted", "log", "progress", "finished"},
    )
    office.desk.order(second, "deploy_image", parameters(), images=images["1.0.0"])
    assert office.final(second)["outputs"]["changed"] is False
