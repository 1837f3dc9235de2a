"""Who is whose ancestor among runs. Source: EVENTS.md, `parent_run_id`.

Where a parent's run id was reused, the parent is the run behind it that had begun last when the
child began, else the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from monitor.detection.facts import RunFacts
from monitor.detection.identity import Kin, KinRun


def kin_runs(run_id: str, facts: RunFacts) -> tuple[KinRun, ...]:
    """A run as its relatives see it: one entry, or one for each run behind a reused id."""
    return tuple(
        KinRun(run_id, one.identity, one.asserted, one.parent_run_id, number, one.first_at)
        for number, one in enumerate(facts.parts or (facts,))
    )


def kin_of(run_id: str, parent_run_ids: Iterable[str], facts: Mapping[str, RunFacts]) -> Kin:
    """The family of a run id, from the facts of all runs that may belong to it.

    `parent_run_ids` are its own, at most one for each run behind it (`Reuse.parent_run_ids`);
    `facts`, by run id, must reach all the way up and down, and may hold strangers. Cycles do no
    harm.
    """
    return kin_among(run_id, parent_run_ids, (one for other, of in facts.items() for one in kin_runs(other, of)))


def kin_among(run_id: str, parent_run_ids: Iterable[str], people: Iterable[KinRun]) -> Kin:
    """The family of a run id, out of all runs that may belong to it."""
    tree = _Tree(one for one in people if one.run_id != run_id)
    above = [one for parent in parent_run_ids for one in tree.called(parent)]
    below = tree.naming(run_id)
    return Kin(tuple(tree.closure(above, tree.parents)), tuple(tree.closure(below, tree.children)))


def kin_of_part(kin: Kin, parts: Sequence[KinRun], number: int) -> Kin:
    """The family of one of the runs behind a run id, out of that of the run id.

    The runs behind a reused id can be each other's relatives, and have different parents.
    """
    if len(parts) == 1 and all(one.number == 0 for one in (*kin.ancestors, *kin.descendants)):
        return kin
    people = dict.fromkeys([*kin.ancestors, *kin.descendants, *parts])
    me, tree = parts[number], _Tree(people)
    above = tree.closure(tree.parents(me), tree.parents)
    below = tree.closure(tree.children(me), tree.children)
    return Kin(tuple(one for one in above if one is not me), tuple(one for one in below if one is not me))


def next_of_kin(me: KinRun, kin: Kin) -> Kin:
    """Of the family of a run (`Run.kin`), the parent and the children alone."""
    if not kin.ancestors and not kin.descendants:
        return kin
    tree = _Tree([*kin.ancestors, *kin.descendants, me])
    return Kin(tuple(tree.parents(me)), tuple(tree.children(me)))


class _Tree:
    """Runs with the links between them."""

    def __init__(self, people: Iterable[KinRun]) -> None:
        self._by_id: dict[str, list[KinRun]] = {}
        self._by_parent: dict[str, list[KinRun]] = {}
        for one in people:
            self._by_id.setdefault(one.run_id, []).append(one)
            if one.parent_run_id:
                self._by_parent.setdefault(one.parent_run_id, []).append(one)

    def called(self, run_id: str) -> list[KinRun]:
        """The runs behind an id."""
        return self._by_id.get(run_id, [])

    def naming(self, parent_run_id: str) -> list[KinRun]:
        """The runs that name this parent."""
        return self._by_parent.get(parent_run_id, [])

    def parents(self, child: KinRun) -> list[KinRun]:
        """The parent of a run, as a list of one, or of none where it is not known."""
        known = [one for one in self.called(child.parent_run_id or "") if one != child]
        begun = [one for one in known if one.first_at and child.first_at and one.first_at <= child.first_at]
        latest = max(begun, key=lambda one: (one.first_at, one.number), default=None)
        return [latest] if latest else known[:1]

    def children(self, parent: KinRun) -> list[KinRun]:
        """The runs whose parent a run is."""
        return [one for one in self.naming(parent.run_id) if parent in self.parents(one)]

    def closure(self, level: Iterable[KinRun], step: Callable[[KinRun], list[KinRun]]) -> list[KinRun]:
        """Those of a level and all that a step leads to from there, nearest first."""
        found = dict.fromkeys(level)
        todo = list(found)
        while todo:
            new = [other for one in todo for other in step(one) if other not in found]
            found.update(dict.fromkeys(new))
            todo = list(dict.fromkeys(new))
        return list(found)


def reach(run_id: str, links: Mapping[str, Iterable[str]]) -> set[str]:
    """The run ids that links lead to from one, itself left out; cycles do no harm."""
    found: set[str] = set()
    level = {run_id}
    while level:
        level = {one for before in level for one in links.get(before, ())} - found
        found |= level
    return found - {run_id}
