"""Adding a step kind touches its parameters, its handler, its example, its test, and one table; nothing else."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from config.process import load_process
from tasks.catalog import BUILT_IN, parameters

ROOT = Path(__file__).parents[2]
HOST_KINDS = sorted(name for name, kind in BUILT_IN.items() if kind.runs_on == "host")


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_kind_has_its_parameters_and_an_example_in_the_manual(name):
    """config/steps/<kind>.py declares it, and config/examples shows it."""
    camel = "".join(part.capitalize() for part in name.split("_"))
    module = importlib.import_module(f"config.steps.{name}")
    assert getattr(module, camel) is BUILT_IN[name].parameters
    texts = [path.read_text() for path in (ROOT / "config" / "examples").glob("*.yaml")]
    used = {
        step.uses for text in texts if "process:" in text for step in load_process(text, parameters()).steps
    }
    assert name in used


@pytest.mark.parametrize("name", HOST_KINDS)
def test_every_kind_that_runs_on_hosts_has_a_handler_and_a_test(name):
    """workers/handlers/<kind>.py does it, and a test speaks of it."""
    handler = importlib.import_module(f"workers.handlers.{name}").Handler
    tests = [
        path
        for path in (ROOT / "tests").rglob("test_*.py")
        if name in path.read_text() and path != Path(__file__)
    ]
    assert (callable(handler.run), tests != []) == (True, True)


def test_a_stranger_adds_a_kind_in_two_files_and_one_line(tmp_path):
    """In a copy of the sources: parameters, handler and a row make a kind that loads, plans and is found to run."""
    for package in ("config", "tasks", "coordinator", "workers"):
        copy(package, tmp_path)
    (tmp_path / "config/steps/say_hello.py").write_text(PARAMETERS)
    (tmp_path / "workers/handlers/say_hello.py").write_text(HANDLER)
    table = tmp_path / "tasks/catalog.py"
    row = '        "run_container": Kind("run_container", RunContainer),\n'
    assert row in table.read_text()
    table.write_text(
        table.read_text()
        .replace(row, row + '        "say_hello": Kind("say_hello", SayHello),\n')
        .replace("from tasks.control", "from config.steps.say_hello import SayHello\nfrom tasks.control", 1)
    )
    done = subprocess.run(
        [sys.executable, "-c", USE], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("hello: web-1 hello tidegate.say_hello\n", "")


def copy(package: str, to: Path) -> None:
    for path in (ROOT / package).rglob("*.py"):
        target = to / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text())


PARAMETERS = '''
"""say_hello: greets."""

from config.steps.parameters import StepParameters
from config.text import PlainText


class SayHello(StepParameters):
    """Whom to greet."""

    to: PlainText
'''

HANDLER = '''
"""say_hello: greets."""


class Handler:
    def run(self, parameters, context):
        return {"said": f"hello {parameters.to}"}
'''

USE = '''
import sys
sys.path.insert(0, "")
from config.inventory import Host
from config.process import load_process
from coordinator.domain.plan import Release
from coordinator.domain.planning import PlanOptions, plan
from tasks.catalog import kinds, parameters, task_name
from workers.kinds import handler

text = """
project: greetings
environments: [production]
process: [{id: hello, uses: say_hello, hosts: {role: web}, with: {to: "{{ tidegate.host }}"}}]
"""
process = load_process(text, parameters())
hosts = [Host(name="web-1", environments=("production",), roles=("web",))]
made = plan(process, Release("greetings", "1", process, {}), hosts, PlanOptions("production", kinds()))
given = kinds()["say_hello"].parameters.model_validate(made.tasks[0].parameters)
said = handler("say_hello").run(given, None)
print(f"{made.tasks[0].key.split('@')[0]}: {given.to} {said['said'].split()[0]} {task_name('say_hello')}")
'''
