"""run_container: a container that runs once; its exit code decides, its output is the task's log."""

from pydantic import JsonValue

from config.steps.run_container import RunContainer
from workers.context import Context
from workers.docker.port import Container
from workers.docker.specs import run_spec
from workers.errors import Cancelled, StepFailed
from workers.handlers.pulling import image_on_host

STARTING = "starting the container"  # phases
EXITED = "the container has ended"
RUNNING = "the container runs"
STOP_TIMEOUT = 10.0  # seconds
ENGINE_PATIENCE = 120  # seconds that an engine may be away while the container runs


class Handler:
    """Create by attempt, start, follow the log to the end, take the exit code, remove. A crash goes on from there."""

    def run(self, parameters: RunContainer, context: Context) -> dict[str, JsonValue]:
        """Return `{"exit_code": 0, "image": its digest}`; another exit code is a failure."""
        name = context.placement.one_off
        try:
            code = self._exit_code(parameters, context, name)
        except (Cancelled, StepFailed) as why:
            self._stop(context, name)
            raise why from None
        context.note(EXITED, code=code)
        context.engine.remove(name, force=True)
        if code:
            raise StepFailed(
                "exit_code",
                f"the container ended with exit code {code}",
                hint="its output is the task's log",
            )
        return {"exit_code": code, "image": context.images[parameters.image]}

    def _exit_code(self, parameters: RunContainer, context: Context, name: str) -> int:
        if context.phase == EXITED:
            return int(context.detail["code"])
        found = context.engine.find(name)
        if found is None:
            found = self._created(parameters, context, name)
        if not found.begun:
            context.say(f"starting {name}")
            context.engine.start(name)
            context.note(RUNNING)
        return self._followed(context, name)

    def _created(self, parameters: RunContainer, context: Context, name: str) -> Container:
        if context.phase == RUNNING:
            raise _gone(name)  # it has run: running it again is not ours to decide
        reference, _ = image_on_host(context, parameters.image)
        spec = run_spec(parameters, reference, context.placement, context.fingerprint_key)
        context.note(STARTING)
        context.engine.create(spec, name)
        return self._there(context, name)

    def _followed(self, context: Context, name: str) -> int:
        """Follow the log until the container has ended; what the journal has already is not said again."""
        last = context.memory.last_line
        patience = ENGINE_PATIENCE
        while True:
            context.check()
            try:
                for line in context.engine.follow(name, last, context.check):
                    if context.memory.last_line is not None and line.at <= context.memory.last_line:
                        continue
                    context.log(line.stream, line.text, line.at)
                    last = line.at if last is None else max(last, line.at)
                found = self._there(context, name)
            except StepFailed as failed:
                if failed.code != "engine_unreachable" or not patience:
                    raise
                patience -= 1
            else:
                if not found.running:
                    context.flush()
                    return found.exit_code
            context.memory.last_line = last
            context.wait(0.5)

    def _there(self, context: Context, name: str) -> Container:
        found = context.engine.find(name)
        if found is None:
            raise _gone(name)
        return found

    def _stop(self, context: Context, name: str) -> None:
        """Leave nothing behind of a step that ends early; what cannot be removed now is said."""
        try:
            if context.engine.find(name) is not None:
                context.engine.stop(name, STOP_TIMEOUT)
                context.engine.remove(name, force=True)
        except StepFailed as failed:
            context.say(f"{name} could not be removed: {failed.message}")


def _gone(name: str) -> StepFailed:
    return StepFailed(
        "container_gone",
        f"{name} was removed by somebody else before its exit code was known",
        hint="find out what it has done before you retry",
    )
