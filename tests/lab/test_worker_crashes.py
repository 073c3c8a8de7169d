"""Killed at each engine call: the restarted worker ends with one instance of the new digest, or the old one serving."""

from itertools import count

import pytest

from tests.unit.workers.post_office import post_office
from tests.unit.workers.shop_images import parameters, pushed_images

pytestmark = pytest.mark.lab

GOOD = [
    f"{when}:{call}"
    for call in (
        "pull:1",
        "create:1",
        "stop:1",
        "remove:1",
        "rename:1",
        "rename:2",
        "start:1",
        "restart_policy:1",
    )
    for when in ("before", "after")
]
BAD = [
    f"{when}:{call}"
    for call in ("start:1", "stop:2", "rename:3", "rename:4", "start:2")
    for when in ("before", "after")
]
LIVE, PREVIOUS, FAILED = "shop.uat.web", "shop.uat.web.previous", "shop.uat.web.failed"


@pytest.fixture(scope="module")
def office(lab, tmp_path_factory):
    with post_office(lab, "web-2", tmp_path_factory.mktemp("crashes")) as one:
        yield one


@pytest.fixture(scope="module")
def images(lab):
    return pushed_images(lab)


@pytest.fixture(scope="module")
def numbers():
    return count(1)


def deploy(office, images, numbers, version="1.0.0"):
    """Order a release that differs from the one before; returns its attempt."""
    number = next(numbers)
    attempt = f"shop-{number}-aaaa.web@web-2.1"
    order = parameters(env={"NUMBER": str(number)})
    office.desk.order(attempt, "deploy_image", order, images=images[version], release=f"r{number}")
    return attempt


def settled(office, images, numbers):
    """Bring the host to a live and a previous instance; returns the live release."""
    while not _in_place(office, images["1.0.0"]["web"]):
        if office.worker is None or office.worker.poll() is not None:
            office.start_worker()
        assert office.final(deploy(office, images, numbers))["outcome"] == "succeeded"
    office.kill_worker()
    return office.instances()[LIVE][1]


def _in_place(office, reference):
    """Whether a live and a previous instance are there, both of this image, so that others may be forgotten."""
    found = {each.name: each.attrs["Config"]["Image"] for each in office.client.containers.list(all=True)}
    return [found.get(LIVE), found.get(PREVIOUS)] == [reference, reference]


def crash_and_return(office, images, numbers, point, version):
    """Run into the crash, start again, and return `(attempt, final report, times created)`."""
    if "pull" in point:
        _forget(office, images[version]["web"])
    with office.lab.engine(office.host).record() as events:
        office.start_worker(crash_at=point)
        attempt = deploy(office, images, numbers, version)
        office.died()
        office.start_worker()
        final = office.final(attempt)
        created = events.count("create", tidegate__attempt=attempt)
    return attempt, final, created


def _forget(office, reference):
    """Remove an image from the host, so that it must be pulled."""
    for image in office.client.images.list():
        if reference in image.attrs["RepoDigests"]:
            office.client.images.remove(image.id, force=True)


@pytest.mark.parametrize("point", GOOD)
def test_killed_on_the_way_forward(office, images, numbers, point):
    """Wherever it dies, the new one serves in the end, was created once, and the old one is kept for rollback."""
    old = settled(office, images, numbers)
    version = "1.1.0" if "pull" in point else "1.0.0"
    attempt, final, created = crash_and_return(office, images, numbers, point, version)
    new = f"r{attempt.split('-')[1]}"
    assert (final["outcome"], created) == ("succeeded", 1), final
    seen = {name: state for name, state in office.instances().items() if name != FAILED}
    assert seen == {LIVE: ("running", new), PREVIOUS: ("exited", old)}
    live = office.client.containers.get(LIVE)
    assert live.attrs["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
    assert final["facts"]["digest"] == images[version]["web"].split("@")[1]


@pytest.mark.parametrize("point", BAD)
def test_killed_on_the_way_back(office, images, numbers, point):
    """A release that never gets healthy, and a worker that dies: the old one serves, nothing was created twice."""
    old = settled(office, images, numbers)
    attempt, final, created = crash_and_return(office, images, numbers, point, "1.2.0")
    new = f"r{attempt.split('-')[1]}"
    assert (final["outcome"], final["error"]["code"], created) == ("failed", "unhealthy", 1), final
    assert f"the old one (release {old}) serves again" in final["error"]["message"]
    assert office.instances() == {LIVE: ("running", old), FAILED: ("exited", new)}
    assert final["facts"]["release"] == old
