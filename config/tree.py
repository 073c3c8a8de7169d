"""YAML's events as plain JSON with positions, within limits.

Built from events and not from a composed document: nothing recurses, and what is too deep or repeats too much is
refused before it takes memory.
"""

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from config.frozen import Json
from config.places import Place, Position, Positions, shorten
from config.scalars import plain_scalar

NodeEvent: TypeAlias = AliasEvent | ScalarEvent | MappingStartEvent | SequenceStartEvent

DEEPEST: Final = 32
MOST_REPEATED: Final = 10_000
_TEXT_TAGS: Final = {"tag:yaml.org,2002:str", "!"}
_CORE: Final = "tag:yaml.org,2002:"
_IN_QUOTES: Final = 'a template stands in quotes, such as "{{ NAME }}"'


class TreeRefusedError(ValueError):
    """The document cannot be read any further."""

    def __init__(self, position: Position, message: str, expected: str = "") -> None:
        self.position, self.message, self.expected = position, message, expected
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with the text at a place; reading went on."""

    place: Place
    position: Position
    message: str
    expected: str


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read."""

    container: dict[str, Json] | list[Json]
    place: Place
    anchor: str | None
    began: int
    key: str | None = None
    kept: bool = True


@dataclass(slots=True)
class TreeBuilder:
    """Feed it the events of one document; then `data`, `positions` and `findings` are what was read."""

    data: Json = None
    documents: int = 0
    values: dict[Place, Position] = field(default_factory=dict)
    keys: dict[Place, Position] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    _stack: list[_Open] = field(default_factory=list)
    _anchors: dict[str, tuple[Json, int]] = field(default_factory=dict)
    _nodes: int = 0
    _repeated: int = 0

    @property
    def positions(self) -> Positions:
        return Positions(self.values, self.keys)

    def feed(self, event: Event) -> None:
        """Take the next event; TreeRefusedError where nothing after it can be read."""
        if isinstance(event, DocumentStartEvent):
            self._begin_document(event)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._close()
        elif isinstance(event, AliasEvent | ScalarEvent | MappingStartEvent | SequenceStartEvent):
            self._node(event)

    def _begin_document(self, event: Event) -> None:
        self.documents += 1
        if self.documents > 1:
            raise TreeRefusedError(
                _position(event), "a second document begins here", "one document in the file"
            )

    def _node(self, event: NodeEvent) -> None:
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.container, dict) and top.key is None:
            self._begin_entry(top, event)
            return
        place = _next_place(top)
        empty = (
            _is_empty(event) and place in self.keys
        )  # it "stands" where the next token does: nobody looks there
        self.values[place] = self.keys[place] if empty else _position(event)
        self._refuse_tag(event, place)
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            self._open(event, place)
        elif isinstance(event, AliasEvent):
            self._put(self._repeat(event))
        else:
            self._take(event)

    def _take(self, event: ScalarEvent) -> None:
        self._nodes += 1
        value = _scalar(event)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._put(value)

    def _begin_entry(self, top: _Open, event: NodeEvent) -> None:
        if not isinstance(event, ScalarEvent):
            raise TreeRefusedError(
                _position(event), "this key is a list, a mapping or an alias", f"text; {_IN_QUOTES}"
            )
        key = str(event.value)
        place = (*top.place, key)
        if key == "<<" and _is_plain(event):
            expected = "each key written out: merging with << is no part of YAML 1.2"
            self._find(place, event, "merge keys are not read", expected)
        if isinstance(top.container, dict) and key in top.container:
            first = self.keys[place]
            self._find(place, event, f"this key stands already in line {first.line}", "each key once")
            top.key, top.kept = f"{key} (again)", False
            return
        self.keys[place] = _position(event)
        top.key, top.kept = key, key != "<<"

    def _open(self, event: MappingStartEvent | SequenceStartEvent, place: Place) -> None:
        if len(self._stack) >= DEEPEST:
            raise TreeRefusedError(_position(event), "this is nested too deeply", f"at most {DEEPEST} levels")
        container: dict[str, Json] | list[Json] = {} if isinstance(event, MappingStartEvent) else []
        self._nodes += 1
        self._stack.append(_Open(container, place, event.anchor, self._nodes))
        if event.anchor:
            self._anchors.pop(event.anchor, None)  # not to be repeated inside itself

    def _close(self) -> None:
        done = self._stack.pop()
        if done.anchor:
            self._anchors[done.anchor] = (done.container, self._nodes - done.began + 1)
        self._put(done.container)

    def _put(self, value: Json) -> None:
        if not self._stack:
            self.data = value
            return
        top = self._stack[-1]
        if isinstance(top.container, list):
            top.container.append(value)
        elif top.key is not None:
            if top.kept:
                top.container[top.key] = value
            top.key = None

    def _repeat(self, event: AliasEvent) -> Json:
        name = str(event.anchor)
        if name not in self._anchors:
            message = f"the alias *{shorten(name, 40)} names nothing that is complete above it"
            raise TreeRefusedError(_position(event), message, f"&{shorten(name, 40)} before it")
        value, nodes = self._anchors[name]
        self._nodes += nodes
        self._repeated += nodes
        if self._repeated > MOST_REPEATED:
            expected = f"at most {MOST_REPEATED} repeated values"
            raise TreeRefusedError(_position(event), "aliases repeat too much", expected)
        return value

    def _refuse_tag(self, event: Event, place: Place) -> None:
        tag = getattr(event, "tag", None)
        if tag is not None and tag not in _TEXT_TAGS:
            shown = shorten(str(tag).replace(_CORE, "!!"), 40)
            self._find(
                place, event, f"the tag {shown} is not read", "the value without a tag, or !!str for text"
            )

    def _find(self, place: Place, event: Event, message: str, expected: str) -> None:
        self.findings.append(Finding(place, _position(event), message, expected))


def _next_place(top: _Open | None) -> Place:
    if top is None:
        return ()
    return (*top.place, len(top.container) if isinstance(top.container, list) else str(top.key))


def _scalar(event: ScalarEvent) -> Json:
    return plain_scalar(event.value) if _is_plain(event) else str(event.value)


def _is_plain(event: ScalarEvent) -> bool:
    return not event.style and event.tag is None


def _is_empty(event: NodeEvent) -> bool:
    return isinstance(event, ScalarEvent) and _is_plain(event) and not event.value


def _position(event: Event) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)
