"""The Docker lab: `from tests.lab import Lab`, or `python -m tests.lab --help`."""

from tests.lab.engine import Engine
from tests.lab.errors import LabError, MissingToolsError
from tests.lab.events import EngineEvent, Recorder
from tests.lab.images import BUSYBOX, POSTGRES, PYTHON, REDIS, provide
from tests.lab.lab import HOSTS, Lab, down
from tests.lab.layout import CONTROL
from tests.lab.processes import Process, kill_process
from tests.lab.tools import ensure_tools, missing, why_not_here
from tests.lab.waiting import DeadlineError, wait_until

__all__ = [
    "BUSYBOX",
    "CONTROL",
    "HOSTS",
    "POSTGRES",
    "PYTHON",
    "REDIS",
    "DeadlineError",
    "Engine",
    "EngineEvent",
    "Lab",
    "LabError",
    "MissingToolsError",
    "Process",
    "Recorder",
    "down",
    "ensure_tools",
    "kill_process",
    "missing",
    "provide",
    "wait_until",
    "why_not_here",
]
