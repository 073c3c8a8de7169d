"""The shop's files for hosts that share an engine: each host publishes web on a port of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping

from examples.demo.errors import DemoError
from tests.lab import shop

ROLES = {"web-1": ["web"], "web-2": ["web"], "db-1": ["web", "mailer", "db"]}
PORT = "WEB_PORT"  # a variable that every host's inventory gives


def process(registry: str, container: str, address: str, *, probed: bool) -> str:
    """Return the example's process file; `probed`: workers reach containers by address, so /up can be asked."""
    changes = {
        shop.PUBLIC: registry,
        "192.0.2.14": address,
        "container: shop-db": f"container: {container}",
        "LOG_LEVEL: info": f"LOG_LEVEL: info\n  {PORT}: [] # each host's own",
        '["8080:8080"]': f'["127.0.0.1:{{{{ {PORT} }}}}:8080"]',
    }
    if not probed:
        changes["health: {path: /up, port: 8080, min_healthy_time: 2s, deadline: 30s}"] = (
            "readiness_delay: 2s"
        )
    text = (shop.FOLDER / "tidegate.yaml").read_text()
    for old, new in changes.items():
        if old not in text:
            raise DemoError(
                f"examples/shop/tidegate.yaml has no `{old}` any more; shared_files.py has to follow"
            )
        text = text.replace(old, new)
    return text


def inventory(ports: Mapping[str, int]) -> str:
    """Return an inventory with each host's port; hosts are this machine under several names."""
    hosts = [
        {
            "name": host,
            "address": "127.0.0.1",
            "environments": ["production"],
            "roles": ROLES[host],
            "variables": {PORT: str(port)},
        }
        for host, port in ports.items()
    ]
    return json.dumps({"hosts": hosts}, indent=1)  # JSON is YAML, too
