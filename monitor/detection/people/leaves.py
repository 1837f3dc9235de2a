"""What a run held at which place, read off its snapshots: what a step leaves as it was is read once.

Source: FOREIGN-VALUE.md, step 1 of its algorithm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from heapq import nsmallest
from typing import Any

from monitor.detection.context_map import ContextMap
from monitor.detection.people.places import Node, Place, PlaceBook, Texts
from monitor.detection.people.seen import Fact, SeenRun
from monitor.detection.people.texts import text_of
from monitor.detection.runs import Run
from monitor.detection.snapshot import Part, Snapshot

MAX_ELEMENTS = 100
MAX_MEMBERS = 500
"""Of a longer list, and of an object with more members, only the first are read: they hold data, not a person.

Of more values that stood at one place of a run in the course of time, as many are kept as of a list's.
"""
MAX_FACTS = 5_000
"""Values of one run, each counted at every place: what is later or further down is left out."""
MAX_KNOWN_TEXTS = 100_000
_NOTHING: dict[str, Any] = {}


class _Sink:
    """Takes up the values of one run's event after event."""

    __slots__ = ("facts", "index", "marked", "own", "places")

    def __init__(self, own: frozenset[str]) -> None:
        self.own = own
        self.marked: frozenset[Node] = frozenset()
        self.index = 0
        self.facts = 0
        self.places: dict[Place, dict[str, int]] = {}

    def clear(self) -> None:
        """Begins anew with the next event."""
        self.facts, self.places = 0, {}

    def take(self, node: Node, value: Any) -> None:
        """A text or an integer."""
        try:
            text = node.texts[value]
        except KeyError:
            text = _learnt(node, value)
        if text is None:
            return
        held = self.places.get(node.place)
        if held is not None and (text in held or len(held) >= MAX_ELEMENTS):
            return
        if text in self.own or (node.marked and node in self.marked):
            return
        if self.facts < MAX_FACTS:
            self.facts += 1
            if held is None:
                self.places[node.place] = {text: self.index}
            else:
                held[text] = self.index


def _learnt(node: Node, value: Any) -> str | None:
    """What a value that was not met before compares by."""
    if len(node.texts) > MAX_KNOWN_TEXTS:
        node.texts.clear()
    text = node.texts[value] = text_of(value, id_like=node.id_like)
    return text


class LeafReader:
    """Reads runs of one project; places are interned, so that facts of different runs are equal."""

    def __init__(self) -> None:
        self._books: dict[str, PlaceBook] = {}
        self._texts: Texts = ({}, {})

    @property
    def places(self) -> int:
        """How many places were met so far, over all workflows."""
        return sum(book.places for book in self._books.values())

    def read(self, run: Run, session: str, load: Callable[[], Run]) -> SeenRun:
        """A run, with what is nobody's left out: identity fields, and ids that say which run it is."""
        sink = _Sink(_own_ids(run))
        book = self.book(run.workflow, run.context_map)
        before: Snapshot | None = None
        times: dict[int, datetime] = {}
        for index, snapshot in enumerate(run.snapshots):
            if before is None or snapshot.parts is not before.parts:
                sink.index, known = index, sink.facts
                _read(snapshot, book, before, sink)
                if sink.facts != known:
                    times[index] = snapshot.event.occurred_at
            before = snapshot
        every = [snapshot.event.occurred_at for snapshot in run.snapshots]
        return SeenRun(
            key=(min(every), run.run_id, run.number),
            workflow=run.workflow,
            session=session,
            times=times,
            ended_at=max(every),
            ancestors=tuple((one.run_id, one.number) for one in run.kin.ancestors),
            places=sink.places,
            load=load,
        )

    def states(self, run: Run) -> list[frozenset[Fact]]:
        """All that each event of a run holds, in the order of the run; equal neighbours are one object."""
        sink = _Sink(_own_ids(run))
        book = self.book(run.workflow, run.context_map)
        found: list[frozenset[Fact]] = []
        before: Snapshot | None = None
        for snapshot in run.snapshots:
            if before is not None and snapshot.parts is before.parts:
                found.append(found[-1])
                continue
            sink.clear()
            _read(snapshot, book, None, sink)
            found.append(frozenset([(place, text) for place, held in sink.places.items() for text in held]))
            before = snapshot
        return found

    def book(self, workflow: str, context_map: ContextMap | None) -> PlaceBook:
        """The places of a workflow; its map is that of the first run that was read."""
        book = self._books.get(workflow)
        if book is None:
            book = self._books[workflow] = PlaceBook(workflow, context_map, self._texts)
        return book


def _read(snapshot: Snapshot, book: PlaceBook, before: Snapshot | None, sink: _Sink) -> None:
    """Takes up what is new in a snapshot, its members compared with those of the one before."""
    sink.marked = book.marked(tuple([mark.location for mark in snapshot.marks]))
    parts = snapshot.parts
    known: Mapping[str, Part] = before.parts if before is not None else {}
    if max(len(parts), len(known)) > MAX_MEMBERS:
        parts, known = {name: parts[name] for name in nsmallest(MAX_MEMBERS, parts)}, {}
    members = book.root.members
    for name, part in parts.items():
        was = known.get(name)
        if was is not part:
            node = members.get(name) or book.root.member(name)
            value = part.value
            kind = type(value)
            if kind is str or kind is int:
                if kind is str or node.id_like:
                    sink.take(node, value)
            elif kind is dict:
                _walk_object(node, value, was.value if was is not None else None, sink)
            elif kind is list:
                _walk_list(node, value, was.value if was is not None else None, sink)
    for path in book.searched:
        for location, _ in path.find(snapshot.event.context):
            book.call_private(book.root.at(location).place, path.text)


def _walk_object(node: Node, value: dict[str, Any], was: Any, sink: _Sink) -> None:
    """Takes up what an object holds and did not hold in the event before."""
    if len(value) > MAX_MEMBERS:
        value, was = {name: value[name] for name in nsmallest(MAX_MEMBERS, value)}, None
    old = was if type(was) is dict and len(was) <= MAX_MEMBERS else _NOTHING
    members = node.members
    for name, inner in value.items():
        kind = type(inner)
        if kind is str:
            if not old or old.get(name) != inner:
                sink.take(members.get(name) or node.member(name), inner)
        elif kind is int:
            child = members.get(name) or node.member(name)
            if child.id_like and old.get(name) != inner:
                sink.take(child, inner)
        elif kind is dict:
            before = old.get(name)
            if before != inner:
                _walk_object(members.get(name) or node.member(name), inner, before, sink)
        elif kind is list:
            before = old.get(name)
            if before != inner:
                _walk_list(members.get(name) or node.member(name), inner, before, sink)


def _walk_list(node: Node, value: list[Any], was: Any, sink: _Sink) -> None:
    """The same for a list, element by element."""
    every, elements = node.every, was[:MAX_ELEMENTS] if type(was) is list else []
    for index, inner in enumerate(value[:MAX_ELEMENTS]):
        before = elements[index] if index < len(elements) else None
        if before != inner:
            kind = type(inner)
            if kind is dict:
                _walk_object(every, inner, before, sink)
            elif kind is list:
                _walk_list(every, inner, before, sink)
            elif kind is str or kind is int:
                sink.take(every, inner)


def _own_ids(run: Run) -> frozenset[str]:
    """What says which run it is, and whose relative: no person's value, wherever it stands."""
    own, kin = run.own, run.kin
    ids = {run.run_id, run.parent_run_id, own.execution_id, own.session, own.tenant}
    ids.update([one.run_id for one in (*kin.ancestors, *kin.descendants)])
    return frozenset([text for one in ids if one for text in (one, one.strip().casefold())])
