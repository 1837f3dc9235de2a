"""Learns a map from clean history, and judges that history by it before it is proposed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.learning import branches, children, identity_paths, private, resources, steps, tops
from monitor.detection.learning.checking import checked
from monitor.detection.learning.past import Past
from monitor.detection.learning.proposal import LeftOut, Line, Proposal, Support
from monitor.detection.order import once_each

Learner = Callable[[Past, Support], Iterable[Line | LeftOut]]

LEARNERS: tuple[Learner, ...] = (
    identity_paths.identity,
    private.private,
    tops.inputs,
    tops.cleanup,
    steps.steps,
    resources.resources,
    branches.parallel,
    children.children,
)
_ORDER = ("identity", "private", "inputs", "cleanup", "steps", "parallel", "children")
_IN_STEP = ("writes", "drops", "resources")


def learn(
    events: Iterable[Event],
    *,
    workflow: str,
    clean: Collection[str],
    maps: Mapping[str, ContextMap],
    support: Support,
) -> Proposal:
    """What the clean runs of a workflow show of its map, line by line.

    `events` are those of the runs and of their relatives, in any order; `clean` names the runs of
    any workflow that have no anomaly: only these are learned from. `maps` are in force, by workflow. The
    map that all lines make up reports nothing in these events that `maps` do not: lines that would
    are left out, and said. What cannot be seen in snapshots (`reads`, `must_be_clear`, `frozen`,
    `checkpoints`, `reconcile`, `compensations`, schemas) is never proposed.
    """
    known = once_each(event for event in events if event.run_id in clean)
    past = Past.of(known, workflow=workflow, maps=maps)
    if len(past.runs) < support.min_runs:
        why = f"{len(past.runs)} clean runs were seen; {support.min_runs} are needed"
        return Proposal(workflow, (), (LeftOut("$", why),), len(past.runs), len(known))
    found = [one for learner in LEARNERS for one in learner(past, support)]
    lines = [one for one in found if isinstance(one, Line)]
    kept, removed = checked(lines, events=known, workflow=workflow, maps=maps)
    left_out = (*(one for one in found if isinstance(one, LeftOut)), *removed)
    return Proposal(workflow, tuple(sorted(kept, key=_place)), left_out, len(past.runs), len(known))


def _place(line: Line) -> tuple[int, str, int]:
    """Where a line stands in the map; lines of one list stay in the order that their learner gave them."""
    section = _ORDER.index(line.at[0])
    if line.at[0] == "steps":
        return section, line.at[1], _IN_STEP.index(line.at[2])
    return section, line.at[1] if line.at[0] == "children" else "", 0
