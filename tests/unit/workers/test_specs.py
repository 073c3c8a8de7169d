"""Containers as values: compared whole, with secrets only in the engine's own arguments."""

import pytest

from config.secret import Secret
from config.steps.deploy_image import DeployImage
from config.steps.run_container import RunContainer
from workers.docker.specs import Placement, create_arguments, deploy_spec, fingerprint, run_spec

DIGEST = "registry.example.com/shop/web@sha256:" + "a" * 64
PLACE = Placement("shop", "uat", "web", "1.1.0", "shop-42-k7q2", "shop-42-k7q2.web@web-1.1", "h1-")
KEY = b"k" * 32
ALL = "0.0.0.0"  # noqa: S104 - what "80:8080" means


def deploy(**more):
    declared = {
        "image": "web",
        "env": {"LOG_LEVEL": "info", "PASSWORD": Secret("hunter22")},
        "publish": ["80:8080", "127.0.0.1:81:8080", "53:53/udp"],
        "volumes": ["data:/data", "conf:/conf:ro"],
        "network": "shop",
        "command": ["serve"],
        "user": "app",
        "memory": "256m",
    }
    return DeployImage.model_validate({**declared, **more})


def test_the_whole_container():
    """Every declared part is in the arguments of the create call; restarts come only after it was healthy."""
    spec = deploy_spec(deploy(), DIGEST, PLACE, KEY)
    assert create_arguments(spec, PLACE.instance) == {
        "image": DIGEST,
        "name": "h1-shop.uat.web",
        "command": ["serve"],
        "environment": {"LOG_LEVEL": "info", "PASSWORD": "hunter22"},
        "labels": {
            "tidegate.project": "shop",
            "tidegate.environment": "uat",
            "tidegate.step": "web",
            "tidegate.release": "1.1.0",
            "tidegate.deployment": "shop-42-k7q2",
            "tidegate.attempt": "shop-42-k7q2.web@web-1.1",
            "tidegate.spec": spec.spec,
        },
        "ports": {"8080/tcp": [(ALL, 80), ("127.0.0.1", 81)], "53/udp": [(ALL, 53)]},
        "volumes": {"data": {"bind": "/data", "mode": "rw"}, "conf": {"bind": "/conf", "mode": "ro"}},
        "network": "shop",
        "user": "app",
        "mem_limit": "256m",
        "restart_policy": {"Name": "no"},
    }


def test_no_two_places_share_a_container_name():
    """Names hold dashes: project a-b in c and project a in b-c are two places on one engine."""
    places = [
        ("a-b", "c", "web"),
        ("a", "b-c", "web"),
        ("a", "b", "c-web"),
        ("a", "b", "next"),
        ("a", "b", "web"),
    ]
    live = [Placement(*place, "1", "d", "a.b@h.1").instance for place in places]
    taken = [name + suffix for name in live for suffix in ("", ".next", ".previous", ".failed")]
    assert len(set(taken)) == len(taken)


def test_what_is_not_declared_is_left_to_the_image():
    """A one-off without anything but its image says nothing about the rest."""
    spec = run_spec(RunContainer.model_validate({"image": "web"}), DIGEST, PLACE, KEY)
    arguments = create_arguments(spec, PLACE.one_off)
    assert sorted(arguments) == ["image", "labels", "name", "restart_policy"]
    assert arguments["name"] == "h1-shop.uat.web.shop-42-k7q2.web-web-1.1"


@pytest.mark.parametrize(
    "change",
    [
        {"env": {"LOG_LEVEL": "debug", "PASSWORD": Secret("hunter22")}},
        {"env": {"LOG_LEVEL": "info", "PASSWORD": Secret("hunter23")}},
        {"publish": ["80:8080"]},
        {"volumes": []},
        {"network": None},
        {"command": None},
        {"user": None},
        {"memory": "512m"},
    ],
)
def test_the_identity_changes_with_every_part(change):
    """Two containers have the same identity exactly when they are the same."""
    same = {deploy_spec(deploy(), DIGEST, PLACE, KEY).spec for _ in range(2)}
    assert len(same | {deploy_spec(deploy(**change), DIGEST, PLACE, KEY).spec}) == 2


def test_the_identity_does_not_tell_secrets():
    """The fingerprint depends on a key that never leaves the host, and nothing prints the value."""
    env = {"PASSWORD": Secret("hunter22")}
    assert fingerprint(env, KEY) != fingerprint(env, b"another")
    assert "hunter22" not in repr(deploy_spec(deploy(), DIGEST, PLACE, KEY))
