"""`python -m examples.demo`: exit code 0 when everything came out right, 1 with a sentence when not."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import NoReturn

from docker.errors import DockerException
from rich.console import Console

from coordinator.cli.errors import CliError
from examples.demo.acts import Story
from examples.demo.errors import DemoError
from examples.demo.grounds import choose
from examples.demo.programs import forget_settings
from examples.demo.rows import seconds
from examples.demo.screen import Screen
from tasks.clock import monotonic
from tests.lab import DeadlineError, LabError

FAILED, INTERRUPTED = 1, 130
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    forget_settings()
    console = Console(highlight=False)
    asks = sys.stdin.isatty() and sys.stdout.isatty() and not options.yes
    for number in ENDING:
        signal.signal(number, _interrupt)
    try:
        ground = choose(one_engine=options.one_engine)
    except DemoError as error:
        console.print(f"demo: {error}", style="red", soft_wrap=True)
        return FAILED
    story = Story(ground, Screen(console), asks)
    code = _told(story, console)
    if options.report:
        written = {**story.report, "exit": code, "seconds": story.screen.times}
        options.report.write_text(json.dumps(written, indent=1) + "\n")
    return code


def _told(story: Story, console: Console) -> int:
    """Tell the story; whatever happens, leave nothing behind."""
    began = monotonic()
    code = FAILED
    try:
        story.run()
        code = 0
    except KeyboardInterrupt:
        console.print("\ninterrupted", style="yellow")
        code = INTERRUPTED
    except (DemoError, LabError, DeadlineError, CliError, DockerException, OSError) as error:
        console.print(f"\ndemo: {_cause(story, error)}", style="red", soft_wrap=True, markup=False)
        console.print(f"what the programs wrote: {_kept(story)}", soft_wrap=True)
    finally:
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)  # taking down is short, and has to be finished
        story.ground.down()
    if code == 0:
        _sum_up(story, console, monotonic() - began)
    return code


def _cause(story: Story, error: Exception) -> str:
    """A program that has ended is the cause of whatever else was seen."""
    try:
        story.programs.check()
    except DemoError as ended:
        return str(ended)
    hint = error.hint if isinstance(error, CliError) else ""
    return f"{error} {hint}".rstrip()


def _kept(story: Story) -> str:
    """Copy the logs to where they outlive the hosts; return the folder."""
    try:
        logs = story.programs.logs
    except RuntimeError:  # there is no ground yet
        return "nothing, none was started"
    if not logs.is_dir():
        return "nothing, none was started"
    kept = tempfile.mkdtemp(prefix="tidegate-demo-logs-")
    shutil.copytree(logs, kept, dirs_exist_ok=True)
    return kept


def _sum_up(story: Story, console: Console, spent: float) -> None:
    console.print()
    story.screen.summary()
    console.print(f"Done in {seconds(spent)}. Nothing of it is left on this machine.", style="bold")


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise KeyboardInterrupt


def parser() -> argparse.ArgumentParser:
    one = argparse.ArgumentParser(prog="make demo ARGS=...", description=__doc__)
    one.add_argument("--yes", action="store_true", help="ask nobody: the demo answers at the gate")
    one.add_argument("--report", type=Path, metavar="FILE", help="write what was seen, as JSON")
    one.add_argument(
        "--one-engine",
        action="store_true",
        help="three workers on the one engine that is here, also for root",
    )
    return one


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
