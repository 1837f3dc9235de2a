"""Judges foreign-value over all runs of a project: whose a value is shows only there.

The facts are what each session held first where; everything else is derived from them, stage by
stage, and each stage is a pure function of the ones before:

1. counts of sessions and values by place, which say where a value finds its owner (`statistics`);
2. counts of equal runs by pair of places (`mirrors`), and the proofs that follow (`proofs`);
3. persons (`persons`), without what was proven foreign;
4. owners and proofs at private paths, three rounds deep (`owners`, `privacy`);
5. counts of persons by place (`uniqueness`), the remaining proofs and what goes with them (`verdicts`).

So nothing depends on the order in which events arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial

from monitor.detection.people.crowd import Crowd
from monitor.detection.people.findings import ForeignLeaf, Reporter
from monitor.detection.people.leaves import LeafReader
from monitor.detection.people.seen import Fact, RunName, SeenRun, inherit
from monitor.detection.people.verdicts import Verdicts
from monitor.detection.runs import Run

MAX_LOADED_RUNS = 256


def foreign_values(
    runs: Iterable[Run], *, again: Callable[[RunName], Run] | None = None
) -> Mapping[RunName, tuple[ForeignLeaf, ...]]:
    """What is another person's in each run of a project, in the order of its events; only runs with findings.

    All runs of the project belong here, with their maps and kin, in any order. A run of which
    neither itself nor an ancestor names a session is nobody's: it is not judged, and owns nothing.
    With `again`, which gives a run by its id and number once more, no run is kept in memory.
    """
    reader = LeafReader()
    load = lru_cache(MAX_LOADED_RUNS)(again) if again is not None else None
    seen = []
    for run in runs:
        session = session_of(run)
        if session is not None:
            once_more = partial(_same, run) if load is None else partial(load, (run.run_id, run.number))
            seen.append(reader.read(run, session, once_more))
    inherit(seen)

    @lru_cache(MAX_LOADED_RUNS)
    def states(run: SeenRun) -> Sequence[frozenset[Fact]]:
        return [run.without_disowned(facts) for facts in reader.states(run.load())]

    verdicts = Verdicts(Crowd(seen), states)
    reporter = Reporter(verdicts, states)
    reports = {verdicts.crowd.runs[key].name: reporter.report(key) for key in sorted(verdicts.proofs)}
    return {name: leaves for name, leaves in reports.items() if leaves}


def _same(run: Run) -> Run:
    return run


def session_of(run: Run) -> str | None:
    """The session that a run acts for: its own, else that of its nearest ancestor that has one."""
    own = run.own.session
    if own is not None:
        return own
    return next((one.own.session for one in run.kin.ancestors if one.own.session is not None), None)
