"""Parameters whose templates were rendered, as the model of their kind."""

from typing import TypeVar

from config.document import Document
from config.explaining import read_model
from config.problems import DeclarationError
from config.steps.parameters import StepParameters
from config.templates import Revealed

P = TypeVar("P", bound=StepParameters)


def read_parameters(kind: type[P], rendered: Revealed, source: str) -> P:
    """Return the parameters, secrets revealed or as placeholders; DeclarationError tells every problem.

    `source` says whose they are, such as `step web on web-1`; there are no lines to name any more.
    """
    document = Document(source, rendered if isinstance(rendered, dict) else {})
    parameters, problems = read_model(kind, rendered, document)
    if parameters is None:
        raise DeclarationError(source, problems)
    return parameters
