"""A simulated engine: containers with names and states, and a crash after any call."""

from dataclasses import dataclass, replace

from workers.docker.instance import Instance, Move, Seen, Wanted, next_move


class CrashedError(Exception):
    """The worker was killed here."""


@dataclass
class SimulatedEngine:
    """Four names and what they hold; `verdicts` says of each spec whether its instance becomes healthy."""

    places: dict[str, Instance]
    healthy: frozenset[str]
    dies_at_once: frozenset[str] = frozenset()
    crash_after: int = 10**9
    calls: int = 0
    created: int = 0

    def seen(self):
        return Seen(**self.places)

    def carry_out(self, move: Move, wanted: Wanted):
        """Do one call; the crash comes after it took effect, as a kill -9 between call and answer does."""
        place = self.places.get(move.place)
        match move.verb:
            case "create":
                assert place is None, "the name is taken"
                self.created += 1
                self.places["next"] = Instance(
                    f"c{self.created}", wanted.spec, wanted.attempt, False, False, False
                )
            case "stop":
                self.places[move.place] = replace(place, running=False)
            case "remove":
                assert not place.running, "a running container is never removed"
                del self.places[move.place]
            case "rename":
                assert move.to not in self.places, "the name is taken"
                self.places[move.to] = self.places.pop(move.place)
            case "start":
                runs = place.spec not in self.dies_at_once
                self.places[move.place] = replace(place, running=runs, begun=True)
            case "promote":
                self.places[move.place] = replace(place, promoted=True)
        self.calls += 1
        if self.calls == self.crash_after:
            raise CrashedError


def converge(engine: SimulatedEngine, wanted: Wanted, goal_note: list[str], limit: int = 60):
    """Run the loop until it is done; `goal_note` is the journal: it outlives crashes."""
    wanted = replace(wanted, goal=goal_note[-1])
    for _ in range(limit):
        move = next_move(engine.seen(), wanted)
        if move.verb == "done":
            return wanted.goal
        if move.verb == "give_up" or (move.verb == "prove" and not _passes(engine, wanted)):
            goal_note.append("restore")
            wanted = replace(wanted, goal="restore", proven=False)
        elif move.verb == "prove":
            wanted = replace(wanted, proven=True)
        else:
            engine.carry_out(move, wanted)
            wanted = replace(wanted, proven=False if move.verb in ("start", "rename") else wanted.proven)
    raise AssertionError(f"no end: {engine.seen()}")


def _passes(engine, wanted):
    return wanted.goal == "restore" or engine.places["live"].spec in engine.healthy
