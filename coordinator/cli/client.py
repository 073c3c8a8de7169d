"""The API, one method for each thing the command line asks of it."""

from typing import Any, cast
from urllib.parse import quote

from coordinator.cli.calls import Calls
from coordinator.cli.documents import (
    Applied,
    Deployment,
    DeploymentHeader,
    Host,
    Interruption,
    Inventory,
    Key,
    LogPage,
    NewHost,
    NewKey,
    Plan,
    Release,
    Secret,
    Task,
)

_PAGE = 500  # the most that the API answers at once


class Client:
    """A hand-thin client: names and types for the calls. Every failure is a CliError."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    def close(self) -> None:
        """Let go of the connection."""
        self.calls.close()

    def apply_process(self, text: bytes, *, file: str, dry_run: bool) -> Applied:
        params = {"file": file, "dry_run": dry_run or None}
        # Repeatable, since applying the same text twice changes nothing.
        answer = self.calls.send("POST", "/projects", params=params, yaml=text, repeatable=True)
        return cast("Applied", answer)

    def apply_inventory(self, text: bytes, *, file: str, dry_run: bool, prune: bool) -> Inventory:
        params = {"file": file, "dry_run": dry_run or None, "prune": prune or None}
        return cast("Inventory", self.calls.send("PUT", "/inventory", params=params, yaml=text))

    def hosts(self, *, environment: str | None = None, role: str | None = None) -> list[Host]:
        return cast("list[Host]", self._all("/hosts", environment=environment, role=role))

    def add_host(self, host: dict[str, Any], *, rejoin: bool) -> NewHost:
        params = {"rejoin": rejoin or None}
        return cast("NewHost", self.calls.send("POST", "/hosts", params=params, json=host))

    def remove_host(self, name: str) -> None:
        self.calls.send("DELETE", f"/hosts/{_part(name)}")

    def keys(self, *, revoked: bool) -> list[Key]:
        return cast("list[Key]", self._all("/keys", revoked=revoked))

    def create_key(self, name: str, groups: list[str]) -> NewKey:
        return cast("NewKey", self.calls.send("POST", "/keys", json={"name": name, "groups": groups}))

    def revoke_key(self, key: str) -> None:
        self.calls.send("DELETE", f"/keys/{_part(key)}")

    def secrets(self, project: str) -> list[Secret]:
        found = self.calls.send("GET", f"/projects/{_part(project)}/secrets")  # always whole
        return cast("list[Secret]", found["items"])

    def set_secret(self, project: str, name: str, value: str, scope: dict[str, str]) -> Secret:
        path = f"/projects/{_part(project)}/secrets/{_part(name)}"
        return cast("Secret", self.calls.send("PUT", path, json={"value": value, **scope}))

    def create_release(
        self, project: str, version: str, images: dict[str, str], *, idempotency_key: str
    ) -> Release:
        body: dict[str, object] = {"project": project, "version": version}
        if images:
            body["images"] = images
        answer = self.calls.send("POST", "/releases", json=body, idempotency_key=idempotency_key)
        return cast("Release", answer)

    def releases(self, project: str | None, *, limit: int) -> list[Release]:
        return cast("list[Release]", self._all("/releases", project=project, most=limit))

    def release(self, project: str, version: str) -> Release:
        return cast("Release", self.calls.send("GET", f"/releases/{_part(project)}/{_part(version)}"))

    def plan(self, project: str, release: str, environment: str) -> Plan:
        body = {"project": project, "release": release, "environment": environment}
        return cast("Plan", self.calls.send("POST", "/plans", json=body, repeatable=True))

    def deploy(self, project: str, release: str, environment: str, *, idempotency_key: str) -> Deployment:
        body = {"project": project, "release": release, "environment": environment}
        answer = self.calls.send("POST", "/deployments", json=body, idempotency_key=idempotency_key)
        return cast("Deployment", answer)

    def deployments(
        self, *, project: str | None, environment: str | None, status: str | None, limit: int
    ) -> list[DeploymentHeader]:
        found = self._all("/deployments", project=project, environment=environment, status=status, most=limit)
        return cast("list[DeploymentHeader]", found)

    def deployment(self, deployment: str) -> Deployment:
        return cast("Deployment", self.calls.send("GET", f"/deployments/{_part(deployment)}"))

    def tasks(self, deployment: str, stage: str | None = None) -> list[Task]:
        return cast("list[Task]", self._all(f"/deployments/{_part(deployment)}/tasks", stage=stage))

    def cancel(self, deployment: str) -> Deployment:
        return cast("Deployment", self.calls.send("POST", f"/deployments/{_part(deployment)}/cancel"))

    def interruption(self, interruption: str) -> Interruption:
        return cast("Interruption", self.calls.send("GET", f"/interruptions/{_key(interruption)}"))

    def answer(self, interruption: str, choice: str, *, note: str, plan_hash: str) -> Interruption:
        body = {"choice": choice, "note": note, "plan_hash": plan_hash}
        answer = self.calls.send("POST", f"/interruptions/{_key(interruption)}/answer", json=body)
        return cast("Interruption", answer)

    def logs(self, deployment: str, *, task: str | None, after: int) -> LogPage:
        params = {"task": task, "after": after, "limit": _PAGE}
        return cast("LogPage", self.calls.send("GET", logs_path(deployment), params=params))

    def _all(self, path: str, *, most: int | None = None, **filters: str | bool | None) -> list[Any]:
        """Follow the cursor to the end of a list, or until `most` items are there."""
        items: list[Any] = []
        cursor: str | None = None
        while True:
            limit = _PAGE if most is None else min(_PAGE, most - len(items))
            page = self.calls.send("GET", path, params={**filters, "limit": limit, "cursor": cursor})
            items += page["items"]
            cursor = page.get("next")
            if cursor is None or (most is not None and len(items) >= most):
                return items


def logs_path(deployment: str) -> str:
    return f"/deployments/{_part(deployment)}/logs"


def _part(name: str) -> str:
    return quote(name, safe="")


def _key(name: str) -> str:
    return quote(name, safe="/@")
