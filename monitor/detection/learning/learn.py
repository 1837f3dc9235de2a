"""Learns a map from clean history, and judges that history by it before it is proposed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.history import judge_all
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
MAX_LINES = 1_000
MAX_LINE_CHARS = 100_000
MAX_LEFT_OUT = 100
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
    any workflow that have no anomaly. Only these are learned from, and of them only those in which `maps`,
    the ones in force by workflow, find none in these events either. The map that all lines make up
    reports nothing in them: lines that would are left out, and said. What cannot be seen in
    snapshots (`reads`, `must_be_clear`, `frozen`, `checkpoints`, `reconcile`, `compensations`,
    schemas) is never proposed.
    """
    everything = once_each(events)
    trusted = frozenset(clean) - {one.run_id for one in judge_all(everything, maps)}
    known = [event for event in everything if event.run_id in trusted]
    past = Past.of(known, workflow=workflow, maps=maps)
    if len(past.runs) < support.min_runs:
        why = f"{len(past.runs)} clean runs were seen; {support.min_runs} are needed"
        return Proposal(workflow, (), (LeftOut("$", why),), len(past.runs), len(known))
    found = [one for learner in LEARNERS for one in learner(past, support)]
    lines, too_many = _bounded([one for one in found if isinstance(one, Line)])
    kept, removed = checked(lines, events=everything, runs=trusted, workflow=workflow, maps=maps)
    left_out = [*(one for one in found if isinstance(one, LeftOut)), *too_many, *removed]
    if len(left_out) > MAX_LEFT_OUT:
        more = LeftOut("$", f"{len(left_out) - MAX_LEFT_OUT} further parts are not listed here")
        left_out = [*left_out[:MAX_LEFT_OUT], more]
    return Proposal(workflow, tuple(sorted(kept, key=_place)), tuple(left_out), len(past.runs), len(known))


def _bounded(lines: Sequence[Line]) -> tuple[list[Line], list[LeftOut]]:
    """The lines without the largest sections, where all together would be no map that anybody can read."""
    kept, left_out = list(lines), []
    while len(kept) > MAX_LINES or sum(len(line.key) for line in kept) > MAX_LINE_CHARS:
        sizes = Counter(line.at[0] for line in kept)
        section, count = max(sizes.items(), key=lambda item: (item[1], item[0]))
        left_out.append(LeftOut(section, f"{count} lines would be needed: names in it seem to be data"))
        kept = [line for line in kept if line.at[0] != section]
    return kept, left_out


def _place(line: Line) -> tuple[int, str, int]:
    """Where a line stands in the map; lines of one list stay in the order that their learner gave them."""
    section = _ORDER.index(line.at[0])
    if line.at[0] == "steps":
        return section, line.at[1], _IN_STEP.index(line.at[2])
    return section, line.at[1] if line.at[0] == "children" else "", 0
