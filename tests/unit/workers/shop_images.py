"""The example application's images for tests of the worker, pushed once per lab."""

from functools import cache

from tests.lab import shop


@cache
def pushed_images(lab):
    """Return two good versions, one that never gets healthy (1.2.0) and one that ends at once (1.3.0), by digest."""
    found = {}
    for version, broken in (("1.0.0", "no"), ("1.1.0", "no"), ("1.2.0", "never-healthy"), ("1.3.0", "exits")):
        pushed = shop.build_and_push(lab, version, broken=broken)
        found[version] = {"web": f"{lab.registry.address}/shop/web@{pushed.web_digest}"}
    return found


def parameters(**more):
    """Return what `deploy_image` declares for the shop's web, with short times."""
    return {
        "image": "web",
        "publish": ["8080:8080"],
        "health": {"path": "/up", "min_healthy_time": "300ms", "interval": "100ms", "deadline": "2s"},
        "readiness_delay": "500ms",
        "stop_timeout": "2s",
        **more,
    }
