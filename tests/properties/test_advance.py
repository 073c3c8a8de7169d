"""Any order of reports, losses, duplicates, answers, timeouts and cancels over random plans."""

from collections import Counter
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from coordinator.domain.decision import SendOrder
from coordinator.domain.events import (
    CancelRequested,
    DeploymentStarted,
    InterruptionAnswered,
    Outcome,
    SlotOffered,
    TaskAccepted,
    TaskFinished,
    TimerFired,
)
from coordinator.domain.states import (
    DeploymentStatus,
    InterruptionStatus,
    StageKind,
    StageStatus,
    TaskError,
    TaskStatus,
)
from tests.memory_store import MemoryStore
from tests.plans import NOON, bake_stage, gate_stage, hosts_stage, plan_of


@st.composite
def plans(draw, stages_at_most=6, hosts_at_most=20):
    """A few stages of every kind; each needs any of those before it; hosts overlap."""
    stages = []
    for number in range(draw(st.integers(1, stages_at_most))):
        earlier = [stage.key for stage in stages]
        needs = tuple(draw(st.lists(st.sampled_from(earlier), unique=True, max_size=2))) if earlier else ()
        kind = draw(st.sampled_from(["hosts", "hosts", "hosts", "gate", "bake"]))
        if kind != "hosts":
            make = gate_stage if kind == "gate" else bake_stage
            stages.append(make(f"s{number}/{kind}", needs=needs))
            continue
        total = draw(st.integers(1, hosts_at_most))
        stages.append(
            hosts_stage(
                f"s{number}",
                total,
                needs=needs,
                window=draw(st.integers(1, total)),
                tolerated=draw(st.integers(0, 2)),
                on_failure=draw(st.sampled_from(["pause", "stop", "continue"])),
                retries=draw(st.integers(0, 2)),
            )
        )
    first = {stage.key: draw(st.integers(1, 5)) for stage in stages}
    return plan_of(*stages, first_host=first)


class Deployment(RuleBasedStateMachine):
    """One deployment, every part of the world around it free to do anything at any time."""

    @initialize(plan=plans())
    def create(self, plan):
        self.begin(plan)

    def begin(self, plan):
        self.plan = plan
        self.store = MemoryStore("shop-1-test", plan)
        self.needs = {stage.key: stage.needs for stage in plan.stages}
        self.now = NOON
        self.attempts: list[tuple[str, int]] = []  # every attempt ever sent
        self.others: Counter[str] = Counter()  # hosts that other deployments keep busy
        self.revived: Counter[str] = Counter()  # stages whose hosts spoke again after they were given up
        self.final_rows = None

    def handle(self, event):
        self.now += timedelta(seconds=1)
        presumed = {key for key, task in self.store.tasks.items() if task.status.is_presumed}
        before, sent = self.store.deployment, len(self.store.outbox)
        self.store.handle(event, self.now)
        for order in self.store.outbox[sent:]:
            if isinstance(order, SendOrder) and (order.task, order.attempt) not in self.attempts:
                self.attempts.append((order.task, order.attempt))
                self.check_new_order(order, held=before.held and self.store.deployment.held)
        for key in presumed:
            self.revived[self.store.tasks[key].stage] += self.store.tasks[key].status.is_alive

    def check_new_order(self, order, *, held):
        """No task starts before all it needs is done, while a failure is decided on, or on a busy host."""
        needed = self.needs[self.store.tasks[order.task].stage]
        assert {self.store.stages[key].status for key in needed} <= {StageStatus.DONE}
        assert not held
        assert self.store.in_use[order.host] == 1

    def rows(self):
        """Return every row as it is now; rows are frozen, so a copy of the tables is enough."""
        return self.store.deployment, dict(self.store.stages), dict(self.store.tasks)

    def ends_of_hosts(self, data):
        return data.draw(st.sampled_from(self.attempts))

    @rule()
    def start(self):
        self.handle(DeploymentStarted(epoch=1))

    @precondition(lambda self: self.attempts)
    @rule(data=st.data())
    def a_host_accepts(self, data):
        self.handle(TaskAccepted(*self.ends_of_hosts(data)))

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), outcome=st.sampled_from(Outcome), retryable=st.booleans())
    def a_host_finishes(self, data, outcome, retryable):
        error = None if outcome is Outcome.SUCCEEDED else TaskError("e", "it broke", retryable=retryable)
        task, attempt = self.ends_of_hosts(data)
        before = self.rows()
        self.handle(TaskFinished(task, attempt, outcome, error))
        if attempt < self.store.tasks[task].attempt:  # an outdated report changes nothing
            assert self.rows() == before

    @precondition(lambda self: self.attempts)
    @rule(data=st.data())
    def a_host_does_well(self, data):
        task, attempt = self.ends_of_hosts(data)
        self.handle(TaskAccepted(task, attempt))
        self.handle(TaskFinished(task, attempt, Outcome.SUCCEEDED))

    @precondition(lambda self: self.store.deployment.in_flight)
    @rule(steps=st.integers(1, 10))
    def all_hosts_do_well_for_a_while(self, steps):
        for _ in range(steps):
            for task in [t for t in self.store.tasks.values() if t.host and t.status.is_in_flight]:
                self.handle(TaskAccepted(task.key, task.attempt))
                self.handle(TaskFinished(task.key, task.attempt, Outcome.SUCCEEDED))

    @precondition(lambda self: self.store.timers)
    @rule(data=st.data())
    def a_deadline_passes(self, data):
        self.fire(*data.draw(st.sampled_from(sorted(self.store.timers))))

    def fire(self, kind, subject):
        del self.store.timers[kind, subject]
        self.handle(TimerFired(kind, subject))

    @precondition(lambda self: self.store.interruptions)
    @rule(data=st.data())
    def a_person_answers(self, data):
        asked = self.store.interruptions[data.draw(st.sampled_from(sorted(self.store.interruptions)))]
        self.handle(InterruptionAnswered(asked.id, data.draw(st.sampled_from(asked.choices)), "alice"))

    @rule()
    def somebody_cancels(self):
        self.handle(CancelRequested(by="bob"))

    @precondition(lambda self: self.store.continuations)
    @rule()
    def the_conductor_continues(self):
        self.handle(self.store.continuations.pop(0))

    @precondition(lambda self: self.store.ready())
    @rule(data=st.data())
    def the_sweeper_offers_a_place(self, data):
        self.handle(SlotOffered(data.draw(st.sampled_from(self.store.ready())).key))

    @rule(host=st.integers(1, 8).map("h{}".format), busy=st.booleans())
    def another_deployment_uses_a_host(self, host, busy):
        if host in self.store.in_use and busy != bool(self.others[host]):
            self.others[host] = int(busy)
            self.store.in_use[host] += 1 if busy else -1

    # -- what always holds ----------------------------------------------------------------------------------

    @invariant()
    def never_more_than_the_window_at_once(self):
        """The stage's counters are its tasks, and its living tasks fit the window."""
        if self.store.deployment.status.is_final:
            return
        for stage in self.store.stages.values():
            of_stage = [task.status for task in self.store.tasks.values() if task.stage == stage.key]
            alive = sum(status.is_alive for status in of_stage)
            succeeded = sum(status is TaskStatus.SUCCEEDED for status in of_stage)
            assert (stage.alive, stage.succeeded) == (alive, succeeded)
            if stage.kind is StageKind.HOSTS:
                assert stage.failed == sum(status.is_failure for status in of_stage)
            # A host that was given up may speak again after another took its place in the window.
            assert alive <= stage.window + self.revived[stage.key]

    @invariant()
    def one_attempt_of_a_task_is_alive_at_a_time(self):
        """Attempts are numbered without gaps, and the header counts those in flight."""
        sent = Counter(task for task, _ in self.attempts)
        assert {key: task.attempt for key, task in self.store.tasks.items() if task.attempt} == dict(sent)
        flying = sum(1 for task in self.store.tasks.values() if task.host and task.status.is_in_flight)
        failed = sum(1 for task in self.store.tasks.values() if task.host and task.status.is_failure)
        assert self.store.deployment.in_flight == flying
        assert self.store.deployment.failed == failed or self.store.deployment.status.is_final

    @invariant()
    def a_host_is_used_by_the_tasks_in_flight_on_it(self):
        """No place is leaked and none is given back twice."""
        flying = Counter(
            task.host for task in self.store.tasks.values() if task.host and task.status.is_in_flight
        )
        assert self.store.in_use == {host: flying[host] + self.others[host] for host in self.store.in_use}

    @invariant()
    def nothing_new_starts_after_it_ended(self):
        """A final deployment keeps its status, holds no lock, asks nothing and has no deadline."""
        assert self.store.started_after_end == []
        status = self.store.deployment.status
        assert self.store.lock_held is not status.is_final
        if status.is_final:
            asked = {item.status for item in self.store.interruptions.values()}
            assert (self.store.timers, InterruptionStatus.OPEN in asked) == ({}, False)
            assert self.store.deployment.in_flight == 0
            assert self.final_rows in (None, self.rows())
            self.final_rows = self.rows()

    @invariant()
    def it_never_waits_for_nothing(self):
        """A running deployment has a deadline, a continuation, or a task that waits for its host."""
        deployment = self.store.deployment
        if deployment.status is not DeploymentStatus.QUEUED and not deployment.status.is_final:
            assert self.store.timers or self.store.continuations or self.store.ready()

    @invariant()
    def failures_are_never_green(self):
        """A deployment that succeeded has only tasks that succeeded."""
        if self.store.deployment.status is DeploymentStatus.SUCCEEDED:
            assert {task.status for task in self.store.tasks.values()} == {TaskStatus.SUCCEEDED}

    def teardown(self):
        """Left alone, with time passing, every deployment ends."""
        if not hasattr(self, "store"):
            return
        self.handle(DeploymentStarted(epoch=1))
        for host in self.others:
            self.another_deployment_uses_a_host(host, busy=False)
        for _ in range(2_000):
            if self.store.deployment.status.is_final:
                break
            self.let_time_pass()
        assert self.store.deployment.status.is_final
        self.nothing_new_starts_after_it_ended()
        self.failures_are_never_green()

    def let_time_pass(self):
        if self.store.continuations:
            self.handle(self.store.continuations.pop(0))
        elif free := [task for task in self.store.ready() if self.store.in_use[task.host] == 0]:
            if self.store.deployment.accepts_work:
                self.handle(SlotOffered(free[0].key))
            else:
                self.fire_next()
        else:
            self.fire_next()

    def fire_next(self):
        late = {key: due for key, due in self.store.timers.items() if key[0] != "accept"}
        self.fire(*min(late or self.store.timers, key=lambda key: (self.store.timers[key], key)))


class ShortStory(Deployment):
    """The same of small plans, told in few steps and many ways."""

    @initialize(plan=plans(stages_at_most=3, hosts_at_most=6))
    def create(self, plan):
        self.begin(plan)


TestLongStories = Deployment.TestCase
TestLongStories.settings = settings(max_examples=300, stateful_step_count=60)
TestShortStories = ShortStory.TestCase
TestShortStories.settings = settings(max_examples=2000, stateful_step_count=15)
