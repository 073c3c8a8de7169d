"""A declaration's text as plain JSON, with the place of every value.

YAML is read as YAML 1.2: `on`, `yes`, `22:22` and dates are text. A number, true, false or null is one only when
it is written as JSON writes it; `1.10`, `007`, `0x1F` and `True` stay text as the author wrote them, so that no
character gets lost where text is wanted (`env: {VERSION: 1.10}`).
"""

from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from config.frozen import Json
from config.places import Place, Position, Positions, existing, show_place
from config.problems import DeclarationError, Problem
from config.tree import TreeBuilder, TreeRefusedError

LONGEST: Final = 128 * 1024
"""Characters of a process file; an inventory may be longer."""

_MAPPING: Final = "keys and values, such as `key: value`"
_NEVER_CLOSED: Final = "what is opened here is never closed"
_IN_PEOPLES_WORDS: Final = (
    (r"'\t'", "a tab stands where YAML wants spaces", "spaces"),
    (
        "mapping values are not allowed",
        "a second `key: value` in one line",
        "quotes around text that contains ': '",
    ),
    ("cannot start any token", "a value cannot begin with this character", "quotes around the text"),
    ("<stream end>", _NEVER_CLOSED, "a closing bracket"),
    ("end of stream", _NEVER_CLOSED, "a closing quote"),
    ("unknown escape", "this escape is unknown", "single quotes around text with backslashes"),
    (
        "<block end>",
        "this line does not fit its neighbours",
        "the same indentation as its neighbours",
    ),
    ("<document start>", "something follows the end of the value", "one value"),
    ("could not find expected ':'", "this key has no value", "`key: value`"),
)


@dataclass(frozen=True)
class Document:
    """What was read; `problems` are those of the text that still left something to look at."""

    source: str
    data: dict[str, Any]
    positions: Positions = field(default_factory=Positions)
    problems: tuple[Problem, ...] = ()

    def problem(
        self, place: Place, message: str, expected: str = "", *, nearest: str | None = None, key: bool = False
    ) -> Problem:
        """Return a problem with the line and column of a value, or of its key."""
        at = self.positions.of_key(place) if key else self.positions.of(existing(self.data, place))
        line, column = (at.line, at.column) if at else (None, None)
        return Problem(self.source, show_place(place), line, column, message, expected, nearest)


def parse(text: str | bytes, source: str, *, longest: int = LONGEST) -> Document:
    """Read a YAML mapping; DeclarationError where the text leaves nothing to look at."""
    builder = TreeBuilder()
    try:
        for event in YAML(typ="safe", pure=True).parse(_decoded(text, source, longest)):
            builder.feed(event)
    except TreeRefusedError as refused:
        findings = _findings(builder, source)
        place = _problem(source, refused.position, refused.message, refused.expected)
        raise DeclarationError(source, [*findings, place]) from None
    except YAMLError as broken:
        raise DeclarationError(source, [*_findings(builder, source), _syntax(source, broken)]) from None
    if not isinstance(builder.data, dict):
        raise DeclarationError(source, [*_findings(builder, source), _no_mapping(source, builder.data)])
    return Document(source, builder.data, builder.positions, tuple(_findings(builder, source)))


def _decoded(text: str | bytes, source: str, longest: int) -> str:
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as broken:
            before = broken.object[: broken.start]
            line, column = before.count(b"\n") + 1, broken.start - before.rfind(b"\n")
            message = f"byte {broken.object[broken.start]:#04x} is not UTF-8"
            raise DeclarationError(
                source, [_problem(source, Position(line, column), message, "a file saved as UTF-8")]
            ) from None
    if len(text) > longest:
        message = f"the file has {len(text)} characters"
        raise DeclarationError(source, [_problem(source, None, message, f"at most {longest}")])
    return text.removeprefix("\ufeff")


def _findings(builder: TreeBuilder, source: str) -> list[Problem]:
    return [
        Problem(
            source,
            show_place(each.place),
            each.position.line,
            each.position.column,
            each.message,
            each.expected,
        )
        for each in builder.findings
    ]


def _syntax(source: str, broken: YAMLError) -> Problem:
    if isinstance(broken, ReaderError):
        message = "the file contains a control character that YAML does not allow"
        return _problem(source, None, message, "printable text")
    mark = broken.problem_mark if isinstance(broken, MarkedYAMLError) else None
    said = str(getattr(broken, "problem", None) or broken)
    if "stream" in said and isinstance(broken, MarkedYAMLError):
        mark = broken.context_mark or mark
    position = Position(mark.line + 1, mark.column + 1) if mark else None
    for part, message, expected in _IN_PEOPLES_WORDS:
        if part in said:
            return _problem(source, position, f"not valid YAML: {message}", expected)
    return _problem(source, position, f"not valid YAML: {said.splitlines()[0]}", "")


def _no_mapping(source: str, data: Json) -> Problem:
    if data is None:
        return _problem(source, None, "the file is empty", _MAPPING)
    found = "a list" if isinstance(data, list) else "one text or number"
    return _problem(source, Position(1, 1), f"the file is {found}", _MAPPING)


def _problem(source: str, at: Position | None, message: str, expected: str) -> Problem:
    return Problem(source, "", at.line if at else None, at.column if at else None, message, expected)
