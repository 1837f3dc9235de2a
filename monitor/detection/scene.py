"""All that a rule may look at when it judges one event of a run, and where it notes what it will need."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.detection.context_map import ContextMap, StepPromise
from monitor.detection.diff import Change
from monitor.detection.event import Event
from monitor.detection.identity import Identity, Kin, Kind
from monitor.detection.lines import Line
from monitor.detection.paths import Location
from monitor.detection.rounds import Note, Round
from monitor.detection.snapshot import Kept, Snapshot, changes_whole, is_same_part

_NOTHING = StepPromise()


@dataclass(frozen=True, slots=True)
class Reused:
    """A run id that stands for several runs: what the first of them asserted, and what this one did.

    `event_id` is this one's first event that asserted it.
    """

    first: str
    this: str
    event_id: str


class Scene:
    """One event of a run, with what came before it, and what is known already to come after it (`later`).

    `first` and `final` say whether the event opens or ends the run; `number` counts its events from 0.
    `line` is the event's line of steps. `entered` is what the execution that this exit ends was entered
    with, where that is known. `overlapping` names the other steps of the run that were at work at some
    time of that execution. `memory` is the run's, by rule: plain data that is stored between two
    events. `mine` are the places that hold the run's own identity. `reused` is set where the run is a
    later one behind a reused run id; `owner` is the number of that run. A rule sets `is_revised` where
    the event shows that something it found at an earlier one does not hold: the run must then be judged
    whole.
    """

    __slots__ = ("_changes", "_mark", "context_map", "entered", "event", "final", "first", "is_revised", "kin",
                 "later_from", "line", "memory", "mine", "number", "overlapping", "own", "owner", "reused",
                 "round", "snapshot")  # fmt: skip

    def __init__(self, snapshot: Snapshot, line: Line, round_: Round, own: Identity, kin: Kin) -> None:
        self.event: Event = snapshot.event
        self.snapshot = snapshot
        self.line = line
        self.round = round_
        self.own = own
        self.kin = kin
        self.context_map: ContextMap | None = None
        self.first = self.final = self.is_revised = False
        self.number = 0
        self.later_from: tuple[Sequence[Snapshot], int] = (), 0
        self.entered: Kept | None = None
        self.overlapping: Collection[str] = ()
        self.memory: dict[str, Any] = {}
        self.reused: Reused | None = None
        self.owner = 0
        self.mine: Collection[tuple[Kind, Location]] = ()
        self._changes: list[Change] | None = None
        self._mark: tuple[str, str, str] | None = None

    @property
    def changes(self) -> list[Change]:
        """What the execution changed between its enter and this exit; nothing where it has no enter.

        What is new or gone as a whole is one change, whatever is in it (`diff.spell_out`).
        """
        if self._changes is None:
            self._changes = changes_whole(self.entered, self.snapshot.kept) if self.entered is not None else []
        return self._changes

    @property
    def later(self) -> Iterable[Snapshot]:
        """The events after this one that are judged together with it.

        What further ones say is not known yet: a rule that asks must be judged anew when they come
        (`RunJudge.is_revised_by`).
        """
        snapshots, start = self.later_from
        return (snapshots[index] for index in range(start, len(snapshots)))

    @property
    def changed_members(self) -> Collection[str] | None:
        """The members of the context that are not as they were at the line's last whole snapshot.

        None where that says nothing: there is none, or it was of an attempt that stands apart.
        """
        line, parts = self.line, self.snapshot.parts
        if line.last is None or not line.is_straight:
            return None
        before = line.last.parts
        if before is parts:
            return ()
        names = before.keys() | parts.keys()
        return [name for name in names if not is_same_part(before.get(name), parts.get(name))]

    @property
    def promise(self) -> StepPromise:
        """What the map declares of the event's step."""
        if self.context_map is None:
            return _NOTHING
        return self.context_map.steps.get(self.event.step, _NOTHING)

    @property
    def mark(self) -> tuple[str, str, str]:
        """The event as a note names it (`inside.source_of_note`): step, id and time."""
        if self._mark is None:
            event = self.event
            self._mark = event.step, event.event_id, event.occurred_at.isoformat()
        return self._mark

    def earlier(self, kind: str) -> Mapping[Any, Note]:
        """What of a kind was noted along the line before this event."""
        return self.line.earlier(self.event, kind)

    def note(self, kind: str, keys: Iterable[Any], what: Any = None) -> None:
        """Notes something for the events after this one along its line; `what` is plain data."""
        self.line.note(self.event, kind, dict.fromkeys(keys, what), self.number)

    def note_each(self, kind: str, notes: Mapping[Any, Any]) -> None:
        """Notes several things, each by what it is about."""
        self.line.note(self.event, kind, notes, self.number)
