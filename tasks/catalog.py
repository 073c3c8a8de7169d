"""The one table of step kinds.

Adding a kind: its parameters in config/steps, its handler in workers/handlers, and a row here.

Third parties add kinds through two entry-point groups, without touching this file: `tidegate.steps` (the parameters'
class) and `tidegate.handlers` (the handler's class), both under the kind's name.
"""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from config.steps.approve import Approve
from config.steps.backup_database import BackupDatabase
from config.steps.check_http import CheckHttp
from config.steps.deploy_image import DeployImage
from config.steps.kind import Kind
from config.steps.parameters import StepParameters
from config.steps.run_container import RunContainer
from tasks.control import CONTROLS
from tasks.reports import REPORTS

GROUP = "tidegate.steps"
HANDLERS_GROUP = "tidegate.handlers"
_PREFIX = "tidegate."
_RESERVED = frozenset(REPORTS) | frozenset(CONTROLS) | {"report"}


class KindError(ValueError):
    """An installed package offers a step kind that cannot be used; remove the package or mend its entry point."""


BUILT_IN: Mapping[str, Kind] = MappingProxyType(
    {
        "approve": Kind("approve", Approve),
        "backup_database": Kind("backup_database", BackupDatabase),
        "check_http": Kind("check_http", CheckHttp),
        "deploy_image": Kind("deploy_image", DeployImage),
        "run_container": Kind("run_container", RunContainer),
    }
)


@cache
def kinds() -> Mapping[str, Kind]:
    """Return every kind by name: the built-in ones and those of installed packages; raises KindError."""
    found = dict(BUILT_IN)
    for entry in entry_points(group=GROUP):
        found[_free_name(entry.name, found)] = Kind(entry.name, _parameters_of(entry))
    return MappingProxyType(found)


def parameters() -> Mapping[str, type[StepParameters]]:
    """Return the class of each kind's parameters, as `config.process.load_process` takes them."""
    return MappingProxyType({name: kind.parameters for name, kind in kinds().items()})


def task_name(kind: str) -> str:
    """Return the Celery name of the orders of a kind, such as `tidegate.deploy_image`."""
    return f"{_PREFIX}{kind}"


def kind_of(name: str) -> str:
    """Return the kind that a Celery name stands for; the other way round of `task_name`."""
    return name.removeprefix(_PREFIX)


def _free_name(name: str, taken: Mapping[str, Kind]) -> str:
    """Refuse names that would let one message pass for another; raises KindError."""
    if name in taken or name in _RESERVED or not name.isidentifier():
        raise KindError(f"step kind {name!r} of group {GROUP} is taken, reserved or no identifier; rename it")
    return name


def _parameters_of(entry: EntryPoint) -> type[StepParameters]:
    try:
        loaded = entry.load()
    except (ImportError, AttributeError) as error:
        raise KindError(f"step kind {entry.name!r} cannot be loaded from {entry.value}: {error}") from error
    if not (isinstance(loaded, type) and issubclass(loaded, StepParameters)):
        raise KindError(f"step kind {entry.name!r}: {entry.value} is no subclass of StepParameters")
    return loaded
