"""Carries out the convergent replacement: look, take the next move, look again.

`workers.docker.instance` decides; the goal lives in the journal, so that a crash on the way back goes on going back.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import JsonValue

from workers.context import Context
from workers.docker.instance import Goal, Instance, Move, Place, Seen, Wanted, is_candidate, next_move
from workers.docker.port import Container
from workers.docker.specs import (
    KEEP_RUNNING,
    LABEL_ATTEMPT,
    LABEL_ENVIRONMENT,
    LABEL_PROJECT,
    LABEL_RELEASE,
    LABEL_SPEC,
    LABEL_STEP,
    ContainerSpec,
)
from workers.errors import Cancelled, StepFailed, TimedOut
from workers.health import Trial, prove

REPLACING = "replacing the instance"  # a phase: the engine was or will be changed by this attempt
RESTORING = "restoring the old instance"
ENGINE_PATIENCE = 120.0  # seconds: half-way, an engine that restarts is waited for
RESTORE_TRIES = 10  # a second apart: that nothing serves is the worst end
OLD_ANSWERS_WITHIN = 30.0  # seconds that the restored one gets before its state is only described
_LOOK_AGAIN = frozenset(
    {"name_taken", "busy", "container_unknown"}
)  # somebody else moved: see what there is now
_LOOKS = 20
_TAIL = 40  # lines of a failed instance's log

_SUFFIX: dict[Place, str] = {"live": "", "next": ".next", "previous": ".previous", "failed": ".failed"}


@dataclass
class Replacement:
    """One attempt to have `spec` running as the live instance; nothing is kept that the engine or journal knows.

    `prepare` brings the image and says how the new instance is judged; `judged` is for the old one on the way back.
    """

    context: Context
    spec: ContainerSpec
    prepare: Callable[[], Trial]
    judged: Trial
    stop_timeout: float
    proven: bool = False
    looks_left: int = _LOOKS

    def run(self) -> bool:
        """Replace; returns whether this attempt's container is the live one. Raises after putting things back."""
        if self.context.phase == RESTORING:
            self._restore(_remembered(self.context.detail))
        try:
            self.judged = self._prepared()
            self._drive("replace")
        except (StepFailed, Cancelled) as why:
            if self.context.phase != REPLACING:
                raise
            if not (isinstance(why, Cancelled | TimedOut) and self._is_over()):
                self._restore(why)
        live = self.find("live")
        return live is not None and live.labels.get(LABEL_ATTEMPT) == self.context.attempt

    def find(self, place: Place) -> Container | None:
        """Return the container in `place`; raises StepFailed when somebody else's has the name."""
        found = self.context.engine.find(self.name(place))
        mine = self.spec.labels
        ours = (LABEL_PROJECT, LABEL_ENVIRONMENT, LABEL_STEP)
        if found is not None and any(found.labels.get(label) != mine[label] for label in ours):
            raise StepFailed(
                "name_foreign",
                f"a container named {found.name} exists on the host that this step did not make",
                hint="rename or remove it, or give the step another id",
            )
        return found

    def name(self, place: Place) -> str:
        return f"{self.context.placement.instance}{_SUFFIX[place]}"

    def _prepared(self) -> Trial:
        while True:
            try:
                return self.prepare()
            except StepFailed as failed:
                self._bear(failed)

    # -- moves ----------------------------------------------------------------------------------------------

    def _drive(self, goal: Goal) -> None:
        """Move until the goal is reached; raises StepFailed, Cancelled, LeftForRecovery."""
        self.looks_left = _LOOKS
        while True:
            if goal == "replace":
                self.context.check()
            try:
                if self._step(goal):
                    return
            except StepFailed as failed:
                self._bear(failed)

    def _step(self, goal: Goal) -> bool:
        """Make one move; True when there was none left."""
        wanted = Wanted(self.context.attempt, self.spec.spec, goal, self.proven)
        seen = self._seen()
        move = next_move(seen, wanted)
        match move.verb:
            case "done":
                return True
            case "give_up":
                self._say_why_it_ended()
            case "prove":
                self._prove(goal, seen)
            case _:
                if self.context.phase == "":
                    self.context.note(REPLACING)
                self._carry_out(move)
        return False

    def _carry_out(self, move: Move) -> None:
        engine, name = self.context.engine, self.name(move.place)
        match move.verb:
            case "create":
                self.context.say(f"creating {name} from {self.spec.image}")
                engine.create(self.spec, name)
            case "stop":
                self.context.say(f"stopping {name}")
                engine.stop(name, self.stop_timeout)
            case "remove":
                engine.remove(name)
            case "rename":
                engine.rename(name, self.name(move.to))
            case "start":
                self.context.say(f"starting {name}")
                self.proven = False
                engine.start(name)
            case "promote":
                engine.restart_policy(name, KEEP_RUNNING)

    def _prove(self, goal: Goal, seen: Seen) -> None:
        if goal == "restore":
            prove(self.context, self.name("live"), self.judged.brief(OLD_ANSWERS_WITHIN))
        else:
            promoted = seen.live is not None and seen.live.promoted
            prove(self.context, self.name("live"), self.judged.brief() if promoted else self.judged)
            self.context.say(f"{self.name('live')} is healthy")
        self.proven = True

    def _say_why_it_ended(self) -> None:
        prove(self.context.undoing(), self.name("live"), self.judged)  # raises: it does not run

    def _bear(self, failed: StepFailed) -> None:
        """Go on after an engine's hiccup, or raise `failed`."""
        if failed.code in _LOOK_AGAIN and self.looks_left:
            self.looks_left -= 1
            self.context.wait(0.25)
        elif failed.code == "engine_unreachable" and self.context.phase:
            self._await_engine(failed)
        else:
            raise failed

    def _await_engine(self, failed: StepFailed) -> None:
        """Half-way is no place to stop: wait for the engine a while; raises `failed` when it stays away."""
        self.context.say(f"{failed.message}; waiting for it")
        waiting = self.context.undoing()
        for _ in range(int(ENGINE_PATIENCE)):
            waiting.wait(1.0)
            if waiting.engine.facts().up:
                return
        raise failed

    # -- the way back ---------------------------------------------------------------------------------------

    def _restore(self, why: StepFailed | Cancelled) -> None:
        """Put the old instance back and raise `why`, with what serves now."""
        resumed = self.context.phase == RESTORING
        if not resumed:
            self._keep_log()
            self.context.note(RESTORING, **_memory(why))
        self.context = self.context.undoing()
        after = self._put_back(resumed=resumed)
        raise _with(why, after)

    def _put_back(self, *, resumed: bool) -> str:
        """Return the sentence that says what serves now."""
        tries = RESTORE_TRIES
        while True:
            try:
                self.proven = not resumed and self._old_was_left_alone()
                self._drive("restore")
                break
            except StepFailed as failed:
                tries -= 1
                if failed.code in ("unhealthy", "exited"):
                    return f"the old instance was put back but is not well ({failed.message})"
                if not tries:
                    return f"the old instance could not be put back ({failed.message})"
                self.context.say(f"putting the old instance back: {failed.message}; trying again")
                self.context.wait(1.0)
        live = self.find("live")
        if live is None:
            return "nothing serves now: there was no earlier instance to go back to"
        if live.labels.get(LABEL_SPEC) == self.spec.spec:
            return "it had run this same release before and was left as it is"
        return f"the old one (release {live.labels.get(LABEL_RELEASE, '?')}) serves again"

    def _is_over(self) -> bool:
        """Whether the new one is healthy and promoted already: then a cancel or a timeout comes too late."""
        live = self._seen().live
        return live is not None and live.running and live.promoted and live.spec == self.spec.spec

    def _old_was_left_alone(self) -> bool:
        """Whether the old one still runs, untouched: then it needs no proof."""
        live = self._seen().live
        wanted = Wanted(self.context.attempt, self.spec.spec, "restore")
        return live is not None and live.running and not is_candidate(live, wanted)

    def _keep_log(self) -> None:
        """Send the last lines of the one that failed to the task's log; without an engine there are none."""
        try:
            live = self.find("live")
            if live is None or live.labels.get(LABEL_ATTEMPT) != self.context.attempt or not live.begun:
                return
            for line in self.context.engine.tail(live.id, _TAIL):
                self.context.log("instance", line)
        except StepFailed as failed:
            self.context.say(f"its log could not be read: {failed.message}")

    # -- seeing ---------------------------------------------------------------------------------------------

    def _seen(self) -> Seen:
        return Seen(**{place: _instance(self.find(place)) for place in _SUFFIX})


def _instance(found: Container | None) -> Instance | None:
    if found is None:
        return None
    return Instance(
        id=found.id,
        spec=found.labels.get(LABEL_SPEC, ""),
        attempt=found.labels.get(LABEL_ATTEMPT, ""),
        running=found.running,
        begun=found.begun,
        promoted=found.restart_policy == KEEP_RUNNING,
    )


def _memory(why: StepFailed | Cancelled) -> dict[str, JsonValue]:
    if isinstance(why, Cancelled):
        return {"cancelled": why.reason}
    return why.failure.model_dump(mode="json")


def _remembered(detail: dict[str, JsonValue]) -> StepFailed | Cancelled:
    if "cancelled" in detail:
        return Cancelled(str(detail["cancelled"]))
    return StepFailed(
        str(detail.get("code", "failed")),
        str(detail.get("message", "the new instance was not healthy")),
        hint=str(detail.get("hint", "")),
        retryable=bool(detail.get("retryable")),
    )


def _with(why: StepFailed | Cancelled, after: str) -> StepFailed | Cancelled:
    if isinstance(why, Cancelled):
        return Cancelled(f"{why.reason}; {after}")
    return StepFailed(why.code, f"{why.message}; {after}", hint=why.hint, retryable=why.retryable)
