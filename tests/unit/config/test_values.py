"""Durations, shares, images, ports, volumes, statuses: how each is read, and that it reads back."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from config.durations import format_duration, parse_duration
from config.frozen import FrozenMapping, freeze
from config.health import StatusRange
from config.images import ImageName, ImageReference
from config.rollout import Rollout, Share
from config.scalars import plain_scalar
from config.steps.containers import PublishedPort, Volume
from config.steps.deploy_image import DeployImage

DIGEST = f"sha256:{'a' * 64}"


@given(st.integers(0, 3650 * 24 * 3600 * 1000).map(lambda each: timedelta(milliseconds=each)))
def test_a_duration_reads_back(duration):
    """Every duration that is written reads back as the same length."""
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    ("written", "seconds", "again"),
    [
        ("72h", 259_200, "72h"),
        ("7d", 604_800, "168h"),
        ("1m30s", 90, "1m30s"),
        ("90s", 90, "1m30s"),
        ("500ms", 0.5, "500ms"),
        ("0s", 0, "0s"),
        (30, 30, "30s"),
        ("30", 30, "30s"),
    ],
)
def test_durations_as_people_write_them(written, seconds, again):
    """Units may be combined; a bare number is seconds."""
    duration = parse_duration(written)
    assert (duration.total_seconds(), format_duration(duration)) == (seconds, again)


@pytest.mark.parametrize(
    "written", ["", "1.5h", "5 m", "-5s", "1s1h", "h", "99999d", True, None, 1.5, [], "٣s", -1]
)
def test_what_is_no_duration_is_refused(written):
    """Fractions, blanks, signs, wrong order and other digits are refused."""
    with pytest.raises(PydanticCustomError, match="expected a duration such as 500ms"):
        parse_duration(written)


@given(st.integers(1, 100), st.integers(0, 20_000))
def test_a_share_of_hosts_is_rounded_up_and_never_too_many(percent, total):
    """A percentage is the smallest number of hosts that is at least that much of them."""
    hosts = Share(percent, percent=True).of(total)
    assert 0 <= hosts <= total
    assert hosts * 100 >= total * percent > (hosts - 1) * 100 or total == 0


def test_batches_are_never_empty_and_tolerance_is_rounded_down():
    """25 % of 2 hosts is a batch of 1; 10 % of 9 hosts tolerates no failure, of 10 one."""
    rollout = Rollout(batch="25%", max_failures="10%")
    assert [(rollout.window(total), rollout.tolerated(total)) for total in (0, 1, 2, 5, 9, 10, 100)] == [
        (1, 0),
        (1, 0),
        (1, 0),
        (2, 0),
        (3, 0),
        (3, 1),
        (25, 10),
    ]


@pytest.mark.parametrize("written", ["2", "25%", 7, "100%"])
def test_a_share_reads_back(written):
    """A share that is written reads back as the same share."""
    share = Share.parse(written)
    assert Share.parse(share.written()) == share


@pytest.mark.parametrize(
    ("written", "name", "tag", "digest"),
    [
        ("postgres", ImageName("docker.io", "library/postgres"), None, None),
        ("shop/web:1.2", ImageName("docker.io", "shop/web"), "1.2", None),
        ("docker.io/redis", ImageName("docker.io", "library/redis"), None, None),
        (f"reg:5000/a/b:tag@{DIGEST}", ImageName("reg:5000", "a/b"), "tag", DIGEST),
        ("localhost/web", ImageName("localhost", "web"), None, None),
        ("[::1]:5000/web", ImageName("[::1]:5000", "web"), None, None),
        ("registry.example.com/shop/web", ImageName("registry.example.com", "shop/web"), None, None),
    ],
)
def test_image_references_are_read_as_docker_does(written, name, tag, digest):
    """Registry, repository, tag and digest are told apart, Docker Hub filled in, and the whole reads back."""
    reference = ImageReference.parse(written)
    assert reference == ImageReference(name, tag, digest)
    assert ImageReference.parse(str(reference)) == reference


@pytest.mark.parametrize(
    "written", ["", "Web", "https://r/web", "a b", "web:", "web@sha256:12", 5, None, "-a"]
)
def test_what_is_no_image_is_refused(written):
    """Upper case, schemes, blanks and half digests are refused."""
    with pytest.raises(PydanticCustomError, match="expected an image as registry/repository"):
        ImageReference.parse(written)


def test_published_ports_know_their_parts():
    """A port is its text, and its address, ports and protocol."""
    written = ["80:8080", "127.0.0.1:80:8080", "[::1]:53:5353/udp"]
    ports = [PublishedPort.parse(each) for each in written]
    assert ports == written
    assert [(each.address, each.host_port, each.container_port, each.protocol) for each in ports] == [
        ("", 80, 8080, "tcp"),
        ("127.0.0.1", 80, 8080, "tcp"),
        ("::1", 53, 5353, "udp"),
    ]


def test_volumes_know_their_parts():
    """A volume is its text, and its name, path and mode."""
    volumes = [Volume.parse(each) for each in ("data:/var/lib/data", "keys:/etc/keys:ro")]
    assert [(each.name, each.path, each.read_only) for each in volumes] == [
        ("data", "/var/lib/data", False),
        ("keys", "/etc/keys", True),
    ]


def test_status_ranges_know_what_they_include():
    """One status includes itself, a range both its ends."""
    assert [StatusRange.parse(200).includes(each) for each in (199, 200, 201)] == [False, True, False]
    assert [StatusRange.parse("200-399").includes(each) for each in (199, 200, 399, 400)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [("8080", 8080), ("-5", -5), ("1.5", 1.5), ("true", True), ("null", None), ("~", None), ("", None)]
    + [
        (same, same)
        for same in ("1.10", "007", "0x1F", "1e3", "True", "on", "22:22", ".nan", "-0", "9" * 40, "1_000")
    ],
)
def test_plain_scalars_keep_their_characters(written, read):
    """A scalar is a number or truth only when JSON writes it the same; all else stays text."""
    assert (plain_scalar(written), type(plain_scalar(written))) == (read, type(read))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=10))
def test_frozen_json_hashes(value):
    """Frozen JSON hashes, and freezing twice changes nothing."""
    frozen = freeze({"a": value})
    assert hash(frozen) == hash(freeze(frozen))
    assert freeze(frozen) == frozen


def test_every_way_to_change_a_frozen_mapping_is_refused():
    """No method of dict changes a frozen mapping."""
    frozen = FrozenMapping(a=1)
    changes = [
        lambda: frozen.update(b=2),
        lambda: frozen.pop("a"),
        frozen.popitem,
        frozen.clear,
        lambda: frozen.setdefault("b", 2),
        lambda: frozen.__delitem__("a"),
        lambda: frozen.__ior__({"b": 2}),
    ]
    for change in changes:
        with pytest.raises(TypeError, match="cannot be changed"):
            change()
    assert frozen == {"a": 1}


def test_the_plan_is_told_that_publishing_stops_first():
    """A step that publishes a port says what that costs."""
    assert DeployImage(image="web", publish=("80:8080",)).notes() == (
        "publish binds the host's port (80:8080), so the old instance stops before the new one starts",
    )
