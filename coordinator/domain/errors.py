"""What the domain refuses.

DomainError
└── PlanError        the plan cannot be made from this process, release and hosts
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """Where the plan fails (`step web on web-3`), and what is wrong there and what to do next (`message`)."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class DomainError(Exception):
    """Parent of what the domain refuses."""


class PlanError(DomainError):
    """The plan cannot be made; `problems` names every reason at once."""

    def __init__(self, problems: tuple[PlanProblem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
