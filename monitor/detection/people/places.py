"""The places of a workflow's contexts, as a tree that a context is walked along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from monitor.detection.context_map import ContextMap
from monitor.detection.paths import EVERY, Location, Path, Step, render
from monitor.detection.people.texts import names_an_id

Privacy = Literal["", "named", "below"]
"""Whether a map calls a place private: it names the place, or the list around it, or an object above it."""

Texts = tuple[dict[Any, str | None], dict[Any, str | None]]
MAX_KNOWN_MARKS = 10_000

Trail = tuple[str | None, ...]
"""Member names from the root; None stands for every index of a list."""


@dataclass(slots=True, eq=False)
class Place:
    """A path of one workflow, with list indexes as `*`: two places are the same only if they are one object."""

    workflow: str
    trail: Trail
    listed: bool
    privacy: Privacy
    key: tuple[str, tuple[str, ...]] = field(init=False)
    """What places are ordered by, so that no answer depends on the order of events."""

    searched: str = field(default="", init=False)
    """The searched private path that matched here, if one did."""

    path: str = field(init=False)
    """The path as people read it: `$.notification.recipients[*]`."""

    @property
    def names(self) -> tuple[str, ...]:
        """The location of a place that is in no list."""
        return tuple([part for part in self.trail if part is not None])

    def __post_init__(self) -> None:
        parts = [render((part,))[1:] if part is not None else "[*]" for part in self.trail]
        self.path = "".join(["$", *parts])
        self.key = self.workflow, tuple(["" if part is None else f"/{part}" for part in self.trail])


class Node:
    """A place and those below it."""

    __slots__ = ("_book", "_every", "id_like", "marked", "members", "place", "texts")

    def __init__(self, book: PlaceBook, place: Place, *, id_like: bool) -> None:
        self._book = book
        self.members: dict[str, Node] = {}
        self._every: Node | None = None
        self.place = place
        self.id_like = id_like
        self.texts = book.texts[id_like]
        self.marked = False

    def member(self, name: str) -> Node:
        """The place of a member of an object."""
        node = self.members.get(name)
        if node is None:
            node = self.members[name] = self._book.node((*self.place.trail, name), id_like=names_an_id(name))
        return node

    @property
    def every(self) -> Node:
        """The place of a list's elements; its key is the list's."""
        if self._every is None:
            self._every = self._book.node((*self.place.trail, None), id_like=self.id_like)
        return self._every

    def at(self, location: Location) -> Node:
        """The place of a location below this one."""
        node = self
        for part in location:
            node = node.member(part) if isinstance(part, str) else node.every
        return node


class PlaceBook:
    """All places of one workflow; `context_map` says which of them are private.

    `texts` are what values compare by (`text_of`), as far as known: at places not named like an id, and at
    those that are. The books of a project share them.
    """

    def __init__(self, workflow: str, context_map: ContextMap | None, texts: Texts) -> None:
        self.texts = texts
        self._workflow = workflow
        self._private = context_map.private if context_map is not None else ()
        self.searched: tuple[Path, ...] = tuple(path for path in self._private if path.plan is None)
        """Private paths that only a search of each context can follow (filters, slices, descendants)."""
        self._nodes: dict[Trail, Node] = {}
        self._marked: dict[tuple[Location, ...], frozenset[Node]] = {}
        self.root = self.node((), id_like=False)

    @property
    def places(self) -> int:
        """How many places there are so far."""
        return len(self._nodes)

    def node(self, trail: Trail, *, id_like: bool) -> Node:
        """The node of a place; the same one each time."""
        if trail not in self._nodes:
            place = Place(self._workflow, trail, None in trail, _privacy(trail, self._private))
            self._nodes[trail] = Node(self, place, id_like=id_like)
        return self._nodes[trail]

    def marked(self, locations: tuple[Location, ...]) -> frozenset[Node]:
        """The nodes of the identity fields of an event, which know from then on that they may be such fields."""
        nodes = self._marked.get(locations)
        if nodes is None:
            if len(self._marked) >= MAX_KNOWN_MARKS:
                self._marked.clear()
            nodes = self._marked[locations] = frozenset([self.root.at(one) for one in locations])
            for node in nodes:
                node.marked = True
        return nodes

    def call_private(self, place: Place, path: str) -> None:
        """Notes that a searched private path matches a place; one that the map no longer has is passed over."""
        if any(one.text == path for one in self.searched):
            place.privacy, place.searched = "named", path

    def along(self, trail: Iterable[str | None]) -> Node:
        """The node at the end of a trail."""
        node = self.root
        for part in trail:
            node = node.every if part is None else node.members.get(part) or node.member(part)
        return node


def _privacy(trail: Trail, private: Iterable[Path]) -> Privacy:
    best: Privacy = ""
    for path in private:
        if path.plan is not None and _covers(path.plan, trail):
            if all(part is None for part in trail[len(path.plan) :]):
                return "named"
            best = "below"
    return best


def _covers(plan: tuple[Step, ...], trail: Trail) -> bool:
    return len(plan) <= len(trail) and all(map(_matches, plan, trail))


def _matches(step: Step, part: str | None) -> bool:
    if step is EVERY:
        return True
    return part is None if isinstance(step, int) else step == part
