"""Judges foreign-value over all runs of a project: whose a value is shows only there.

The facts are what each session held first where (`seen`, `crowd`). Everything else is derived from
them in stages, and each stage is a pure function of the facts and of the stages before:

1. counts by place (`statistics`), which say where a value finds its owner, and what is shared (`sharing`);
2. counts by pair of places: what speaks of the same thing (`kinds`), what repeats what (`mirrors`);
3. counts of how places behave when somebody returns (`weights`), and proofs by mirrors (`proofs`);
4. persons (`persons`), without what was proven foreign;
5. owners (`owners`, `homes`) and proofs at private paths (`privacy`), three rounds deep;
6. counts of persons by place (`uniqueness`), the remaining proofs and what goes with them (`verdicts`).

So nothing depends on the order in which events arrive, and all that a verdict about a value needs
are the sessions that hold it, those that hold something else of theirs, and these counts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
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
    judgement = CrowdJudgement(seen, reader)
    reports = {name: judgement.found_in(name) for name in judgement.suspects}
    return {name: leaves for name, leaves in reports.items() if leaves}


class CrowdJudgement:
    """The same for runs that were read already, by `reader`; each run's findings are worked out when asked for.

    What is known of a run from its ancestors is added to the given ones: they are used once.
    """

    def __init__(self, seen: Collection[SeenRun], reader: LeafReader) -> None:
        inherit(seen)

        @lru_cache(MAX_LOADED_RUNS)
        def states(run: SeenRun) -> Sequence[frozenset[Fact]]:
            return _known(reader.states(run.load()), run.facts)

        verdicts = Verdicts(Crowd(seen), states)
        self._reporter = Reporter(verdicts, states)
        self._keys = {verdicts.crowd.runs[key].name: key for key in sorted(verdicts.proofs)}

    @property
    def suspects(self) -> Collection[RunName]:
        """The runs in which something is proven another person's, in the order of time."""
        return self._keys.keys()

    def found_in(self, name: RunName) -> tuple[ForeignLeaf, ...]:
        """What to report in one of them, in the order of its events; may be nothing."""
        return self._reporter.report(self._keys[name])


def _known(states: Iterable[frozenset[Fact]], facts: frozenset[Fact]) -> list[frozenset[Fact]]:
    """What each event holds of a run's facts: not what is an ancestor's, nor what was too much to be kept."""
    found: list[frozenset[Fact]] = []
    before: frozenset[Fact] | None = None
    for one in states:
        found.append(found[-1] if one is before else one if one <= facts else one & facts)
        before = one
    return found


def _same(run: Run) -> Run:
    return run


def session_of(run: Run) -> str | None:
    """The session that a run acts for: its own, else that of its nearest ancestor that has one."""
    own = run.own.session
    if own is not None:
        return own
    return next((one.own.session for one in run.kin.ancestors if one.own.session is not None), None)
