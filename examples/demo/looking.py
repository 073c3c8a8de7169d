"""What each host really runs: its own Docker engine is asked, not the coordinator; and what its web shows."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx
from docker.models.containers import Container

from examples.demo.ground import Ground

APPLICATIONS = ("web", "mailer")


@dataclass(frozen=True)
class Seen:
    """One host: digests of the running instances by application, and what its page says (empty: no answer)."""

    host: str
    digests: dict[str, str]
    page: str

    @property
    def web(self) -> str:
        return self.digests.get("web", "")


def look(ground: Ground) -> list[Seen]:
    return [Seen(host, running(ground, host), page(ground.page(host))) for host in ground.hosts]


def running(ground: Ground, host: str) -> dict[str, str]:
    """Return `{"web": "sha256:..."}`: what the host's engine runs of each application.

    Two running instances of one application would be shown both, joined by a comma: that is never right.
    """
    wanted: dict[str, str | list[str] | bool] = {"status": "running", "label": "tidegate.project=shop"}
    found: dict[str, str] = {}
    for container in ground.engine(host).containers.list(filters=wanted):
        application = container.labels.get("tidegate.step", "")
        if application in APPLICATIONS and (container.name or "").startswith(ground.prefix(host)):
            before = found.get(application)
            found[application] = f"{before},{digest(container)}" if before else digest(container)
    return found


def digest(container: Container) -> str:
    """Return the digest under which the engine keeps the image that the container runs."""
    repository = container.attrs["Config"]["Image"].partition("@")[0]
    image = container.image
    known = image.attrs.get("RepoDigests") or [] if image else []
    return next((each.partition("@")[2] for each in known if each.startswith(f"{repository}@")), "unknown")


def page(url: str) -> str:
    """Return what the page says of itself, such as `shop 1.0.0, 1000 orders`."""
    try:
        text = httpx.get(url, timeout=10).text
    except httpx.HTTPError:
        return ""
    title = re.search(r"<title>(.*?)</title>", text)
    orders = re.search(r"\d+ orders", text)
    return ", ".join(found[found.re.groups] for found in (title, orders) if found)


def place_order(url: str) -> str:
    """Press the canary's button: `order 1001`, or what went wrong."""
    try:
        return httpx.post(f"{url}cgi-bin/order.cgi", timeout=10).text.strip()
    except httpx.HTTPError as error:
        return f"no order: {error}"
