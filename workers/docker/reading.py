"""The engine's answers as values: pure functions over the JSON that it sends."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from workers.docker.port import Container, Image, Line, Pulled


def container(shown: Mapping[str, Any]) -> Container:
    """Read what `inspect` of a container answers."""
    state = shown.get("State") or {}
    host = shown.get("HostConfig") or {}
    networks = (shown.get("NetworkSettings") or {}).get("Networks") or {}
    return Container(
        id=shown["Id"],
        name=str(shown["Name"]).lstrip("/"),
        image=(shown.get("Config") or {}).get("Image") or "",
        image_id=shown.get("Image") or "",
        labels=(shown.get("Config") or {}).get("Labels") or {},
        status=state.get("Status") or "",
        running=bool(state.get("Running")),
        exit_code=int(state.get("ExitCode") or 0),
        error=state.get("Error") or "",
        health=(state.get("Health") or {}).get("Status"),
        restart_policy=(host.get("RestartPolicy") or {}).get("Name") or "no",
        addresses=tuple(n["IPAddress"] for n in networks.values() if n.get("IPAddress")),
        host_network=host.get("NetworkMode") == "host",
    )


def image(shown: Mapping[str, Any]) -> Image:
    """Read what `inspect` of an image answers."""
    config = shown.get("Config") or {}
    exposed = (port.split("/") for port in config.get("ExposedPorts") or {})
    ports = sorted(int(number) for number, *protocol in exposed if protocol in ([], ["tcp"]))
    test = (config.get("Healthcheck") or {}).get("Test") or []
    return Image(shown["Id"], tuple(ports), bool(test) and test[0] != "NONE")


class PullProgress:
    """Sums up the engine's own messages about each layer.

    `{"status": "Downloading", "progressDetail": {"current": 3145728, "total": 7340032}, "id": "5d20c808ce19"}`
    """

    def __init__(self) -> None:
        self._done: dict[str, int] = {}
        self._total: dict[str, int] = {}
        self._complete: set[str] = set()

    def add(self, message: Mapping[str, Any]) -> Pulled | None:
        """Take one message in; returns how far the pull is, None when the message changes nothing."""
        layer, status = str(message.get("id", "")), str(message.get("status", ""))
        detail = message.get("progressDetail") or {}
        if status == "Downloading" and detail.get("total"):
            self._done[layer], self._total[layer] = int(detail.get("current", 0)), int(detail["total"])
        elif status in ("Download complete", "Pull complete", "Already exists"):
            self._done[layer] = self._total.setdefault(layer, 0)
            if status != "Download complete":
                self._complete.add(layer)
        elif status == "Pulling fs layer":
            self._done.setdefault(layer, 0)
            self._total.setdefault(layer, 0)
        else:
            return None
        layers = f"{len(self._complete)} of {len(self._total)} layers"
        return Pulled(sum(self._done.values()), sum(self._total.values()), layers)


def log_lines(chunks: Iterable[bytes], stream: str) -> Iterator[Line]:
    """Cut a log with time stamps into lines: `2026-01-02T03:04:05.123456789Z text`."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (_line(raw, stream) for raw in whole)
    if rest:
        yield _line(rest, stream)


def _line(raw: bytes, stream: str) -> Line:
    stamp, _, text = raw.decode(errors="replace").partition(" ")
    return Line(_moment(stamp), stream, text.rstrip("\r"))


def _moment(stamp: str) -> datetime:
    """Read the engine's time to the microsecond; a line without one counts as the oldest."""
    seconds, _, fraction = stamp.rstrip("Z").partition(".")
    try:
        whole = datetime.fromisoformat(seconds).replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return whole.replace(microsecond=int(fraction[:6].ljust(6, "0") or 0))
