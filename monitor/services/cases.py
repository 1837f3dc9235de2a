"""A run with all that it is judged by: loaded, and judged on its own by the pure core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.detection.canaries import ATTRIBUTE
from monitor.detection.context_map import ContextMap
from monitor.detection.engine import Judgement, advance, judge_runs
from monitor.detection.event import Event
from monitor.detection.identity import Kin, KinRun
from monitor.detection.order import in_order
from monitor.detection.runs import runs_behind
from monitor.detection.views import RunView
from monitor.models import Run, Work
from monitor.queries import events as stored_events
from monitor.queries.maps import maps_of
from monitor.services import canaries, leaking_keys
from monitor.services.family import Relatives, judged_together, parents_named_by, relatives_of
from monitor.services.run_values import watch_of

SHORT_RUN_EVENTS = 100


@dataclass(frozen=True, slots=True)
class Case:
    """A run with all that it is judged by, and its judgement.

    `new` are its events that were not judged before. `view` are all of them, or None where it was
    judged onwards. `parents` name the runs that spawned it.
    """

    run: Run
    maps: Mapping[str, ContextMap]
    parents: Sequence[str]
    relatives: Relatives
    new: Sequence[Event]
    view: RunView | None
    judgement: Judgement

    def whole_view(self) -> RunView:
        """All of its events, read now where it was judged onwards."""
        return self.view or _view(
            self.run, stored_events.of_run(self.run.project, self.run), self.relatives.kin, self.maps
        )


def judged(run: Run, work: Sequence[Work]) -> Case:
    """Judges onwards where only new events came in their order, and from scratch otherwise."""
    maps = maps_of(run.project)
    if run.state is None:
        return _from_scratch(run, None, maps)
    new = stored_events.by_pk(run.project, [pk for row in work for pk in row.event_pks])
    if new and all(row.reason == Work.Reason.EVENTS for row in work):
        case = _onwards(run, in_order(new), maps)
        if case is not None:
            return case
    return _from_scratch(run, new, maps)


def _onwards(run: Run, new: Sequence[Event], maps: Mapping[str, ContextMap]) -> Case | None:
    parents = [run.parent_run_id] if run.parent_run_id else parents_named_by(new)
    relatives = known_relatives(run, parents, maps)
    if _rests_on_others(run, new, relatives, maps):
        return None
    state, watch = bytes(run.state or b""), watch_of(run.project)
    judgement = advance(state, new, context_map=None, kin=relatives.kin, watch=watch, maps=maps)
    return None if judgement is None else Case(run, maps, parents, relatives, new, None, judgement)


def _rests_on_others(run: Run, new: Sequence[Event], relatives: Relatives, maps: Mapping[str, ContextMap]) -> bool:
    """Whether new events may change what the run shows together with others, or whom it blames: judge it whole."""
    context_map = maps.get(run.workflow)
    if context_map is not None and context_map.deterministic and (run.ended or any(one.final for one in new)):
        return True
    if any(one.number for one in everybody(relatives.kin)) or judged_together(run, relatives, maps):
        return True
    late = [one for one in new if run.last_at is not None and one.occurred_at <= run.last_at]
    if leaking_keys.reads(late) or (leaking_keys.writes(new) and leaking_keys.is_blamed(run)):
        return True
    tokens = {(one.attributes[ATTRIBUTE], 0) for one in new if one.attributes.get(ATTRIBUTE)}
    return bool(tokens) and not tokens <= canaries.stored_tokens(run)


def _from_scratch(run: Run, new: Sequence[Event] | None, maps: Mapping[str, ContextMap]) -> Case:
    events = stored_events.of_run(run.project, run)
    parents = parents_named_by(events)
    relatives = known_relatives(run, parents, maps)
    view, judgement = judged_whole(run, events, relatives.kin, maps)
    run.workflow, run.parts = view.runs[0].workflow, len(view.runs)
    return Case(run, maps, parents, relatives, events if new is None else new, view, judgement)


def judged_whole(
    run: Run, events: Sequence[Event], kin: Kin, maps: Mapping[str, ContextMap]
) -> tuple[RunView, Judgement]:
    """The runs behind a run id as all their events show them, and what is found in them."""
    view = _view(run, events, kin, maps)
    return view, judge_runs(view.runs, watch=watch_of(run.project))


def _view(run: Run, events: Sequence[Event], kin: Kin, maps: Mapping[str, ContextMap]) -> RunView:
    return RunView(run.run_id, runs_behind(events, context_map=None, kin=kin, maps=maps))


def state_after(judgement: Judgement) -> bytes:
    """The state to be stored; none after a short run's end: what little comes then is judged with all before."""
    facts = judgement.facts
    return b"" if facts.ended and facts.events <= SHORT_RUN_EVENTS else judgement.state


def known_relatives(run: Run, parents: Sequence[str], maps: Mapping[str, ContextMap]) -> Relatives:
    """The run's relatives; the canaries of its project look as they did at the same moment."""
    relatives = relatives_of(run.project, run.run_id, parents, maps=maps)
    run.project.canary_shapes = [list(shape) for shape in relatives.shapes]
    return relatives


def everybody(kin: Kin) -> tuple[KinRun, ...]:
    """Ancestors and descendants."""
    return (*kin.ancestors, *kin.descendants)
