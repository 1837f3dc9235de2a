"""What a run held at which place, read off its snapshots: what a step leaves as it was is read once.

Source: FOREIGN-VALUE.md, step 1 of its algorithm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import nsmallest
from typing import Any

from monitor.detection.context_map import ContextMap
from monitor.detection.people.places import Node, Place, PlaceBook
from monitor.detection.people.seen import Fact, SeenRun
from monitor.detection.people.texts import text_of
from monitor.detection.runs import Run
from monitor.detection.snapshot import Part, Snapshot

MAX_ELEMENTS = 100
MAX_MEMBERS = 500
"""Of a longer list, and of an object with more members, only the first are read: they hold data, not a person.

Of more values that stood at one place of a run in the course of time, as many are kept as of a list's.
"""
MAX_KNOWN_TEXTS = 100_000
_UNKNOWN = object()
_NOTHING: dict[str, Any] = {}


class _Sink:
    """Takes up the values of one run's event after event."""

    __slots__ = ("id_texts", "index", "marked", "own", "places", "texts")

    def __init__(self, texts: dict[Any, Any], id_texts: dict[Any, Any], own: frozenset[str]) -> None:
        self.texts = texts
        self.id_texts = id_texts
        self.own = own
        self.marked: frozenset[Node] = frozenset()
        self.index = 0
        self.places: dict[Place, dict[str, int]] = {}

    def take(self, node: Node, value: Any) -> None:
        """A text or an integer."""
        texts = self.id_texts if node.id_like else self.texts
        text = texts.get(value, _UNKNOWN)
        if text is _UNKNOWN:
            if len(texts) > MAX_KNOWN_TEXTS:
                texts.clear()
            text = texts[value] = text_of(value, id_like=node.id_like)
        if text is None or text in self.own or (node.marked and node in self.marked):
            return
        held = self.places.get(node.place)
        if held is None:
            self.places[node.place] = {text: self.index}
        elif text not in held and len(held) < MAX_ELEMENTS:
            held[text] = self.index


class LeafReader:
    """Reads runs of one project; places are interned, so that facts of different runs are equal."""

    def __init__(self) -> None:
        self._books: dict[str, PlaceBook] = {}
        self._texts: tuple[dict[Any, Any], dict[Any, Any]] = ({}, {})

    @property
    def places(self) -> int:
        """How many places were met so far, over all workflows."""
        return sum(book.places for book in self._books.values())

    def read(self, run: Run, session: str, load: Callable[[], Run]) -> SeenRun:
        """A run, with what is nobody's left out: identity fields, and ids that say which run it is."""
        sink = _Sink(*self._texts, _own_ids(run))
        book = self.book(run.workflow, run.context_map)
        before: Snapshot | None = None
        for index, snapshot in enumerate(run.snapshots):
            if before is None or snapshot.parts is not before.parts:
                sink.index = index
                _read(snapshot, book, before, sink)
            before = snapshot
        times = [snapshot.event.occurred_at for snapshot in run.snapshots]
        indexes = {index for held in sink.places.values() for index in held.values()}
        return SeenRun(
            key=(min(times), run.run_id, run.number),
            workflow=run.workflow,
            session=session,
            times={index: times[index] for index in sorted(indexes)},
            ended_at=max(times),
            ancestors=tuple((one.run_id, one.number) for one in run.kin.ancestors),
            places=sink.places,
            load=load,
        )

    def states(self, run: Run) -> list[frozenset[Fact]]:
        """All that each event of a run holds, in the order of the run; equal neighbours are one object."""
        sink = _Sink(*self._texts, _own_ids(run))
        book = self.book(run.workflow, run.context_map)
        found: list[frozenset[Fact]] = []
        before: Snapshot | None = None
        for snapshot in run.snapshots:
            if before is not None and snapshot.parts is before.parts:
                found.append(found[-1])
                continue
            sink.places = {}
            _read(snapshot, book, None, sink)
            found.append(frozenset([(place, text) for place, held in sink.places.items() for text in held]))
            before = snapshot
        return found

    def book(self, workflow: str, context_map: ContextMap | None) -> PlaceBook:
        """The places of a workflow; its map is that of the first run that was read."""
        book = self._books.get(workflow)
        if book is None:
            book = self._books[workflow] = PlaceBook(workflow, context_map)
        return book


def _read(snapshot: Snapshot, book: PlaceBook, before: Snapshot | None, sink: _Sink) -> None:
    """Takes up what is new in a snapshot, its members compared with those of the one before."""
    sink.marked = book.marked(tuple([mark.location for mark in snapshot.marks]))
    parts = snapshot.parts
    known: Mapping[str, Part] = before.parts if before is not None else {}
    if max(len(parts), len(known)) > MAX_MEMBERS:
        parts, known = {name: parts[name] for name in nsmallest(MAX_MEMBERS, parts)}, {}
    for name, part in parts.items():
        was = known.get(name)
        if was is not part:
            _walk(book.root.member(name), part.value, was.value if was is not None else None, sink)
    for path in book.searched:
        for location, _ in path.find(snapshot.event.context):
            book.call_private(book.root.at(location).place, path.text)


def _walk(node: Node, value: Any, was: Any, sink: _Sink) -> None:
    """Takes up what a value holds and did not hold in the event before."""
    kind = type(value)
    if kind is dict:
        if len(value) > MAX_MEMBERS:
            value, was = {name: value[name] for name in nsmallest(MAX_MEMBERS, value)}, None
        old = was if type(was) is dict and len(was) <= MAX_MEMBERS else _NOTHING
        for name, inner in value.items():
            kind = type(inner)
            if kind is str or kind is int:
                if old.get(name) != inner:
                    sink.take(node.members.get(name) or node.member(name), inner)
            elif (kind is dict or kind is list) and old.get(name) != inner:
                _walk(node.members.get(name) or node.member(name), inner, old.get(name), sink)
    elif kind is list:
        every, elements = node.every, was[:MAX_ELEMENTS] if type(was) is list else []
        for index, inner in enumerate(value[:MAX_ELEMENTS]):
            before = elements[index] if index < len(elements) else None
            if before != inner:
                _walk(every, inner, before, sink)
    elif kind is str or kind is int:
        sink.take(node, value)


def _own_ids(run: Run) -> frozenset[str]:
    """What says which run it is, and whose relative: no person's value, wherever it stands."""
    own, kin = run.own, run.kin
    ids = {run.run_id, run.parent_run_id, own.execution_id, own.session, own.tenant}
    ids.update([one.run_id for one in (*kin.ancestors, *kin.descendants)])
    return frozenset([text for one in ids if one for text in (one, one.strip().casefold())])
