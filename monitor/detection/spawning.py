"""Which execution of which step of a run spawned a child run. Source: RULES.md, Scope, last paragraph.

The answer rests on the events of the two runs and on the parent's map. It is None where no event of
the spawning step was seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from monitor.detection.context_map import ChildPromise, ContextMap
from monitor.detection.executions import Execution
from monitor.detection.paths import EVERY, Path
from monitor.detection.runs import Run


def spawning_execution(child: Run, parent: Run, promise: ChildPromise) -> Execution | None:
    """The execution that spawned the child; `promise` is what the parent's map says of its workflow.

    The step is the one that the child names, else the one that declares what the child returns, if
    it ran, else the one that was at work when the child began.
    """
    begun = child.snapshots[0].event.occurred_at
    named = _named_step(child)
    step = named or _declared_step(parent.context_map, promise)
    its = [one for one in parent.executions if one.step == step] if step is not None else []
    if its or named is not None:
        return _of_step(its, begun)
    entered = [one for one in parent.executions if one.entered_by(begun)]
    at_work = [one for one in entered if not one.left_before(begun)]
    return _last(at_work) or _last(entered)


def _of_step(its: Sequence[Execution], begun: datetime) -> Execution | None:
    """Of a step that ran more than once: the execution entered last by then, else the first not left."""
    entered = _last([one for one in its if one.entered_by(begun)])
    return entered or next((one for one in its if not one.left_before(begun)), None)


def _last(its: Sequence[Execution]) -> Execution | None:
    return its[-1] if its else None


def _named_step(child: Run) -> str | None:
    """The step that an event of the child names together with this parent, or with none."""
    parents = (None, child.parent_run_id)
    events = (one.event for one in child.snapshots)
    return next((one.parent_step for one in events if one.parent_step and one.parent_run_id in parents), None)


def _declared_step(context_map: ContextMap | None, promise: ChildPromise) -> str | None:
    """The one step whose `writes` cover all that the child returns; a child that returns nothing has none."""
    if context_map is None or not promise.returns:
        return None
    steps = [
        name
        for name, step in context_map.steps.items()
        if step.writes and all(_is_covered(path, step.writes) for path in promise.returns)
    ]
    return steps[0] if len(steps) == 1 else None


def _is_covered(path: Path, by: Iterable[Path]) -> bool:
    return any(one.text == path.text or _leads_to(one, path) for one in by)


def _leads_to(one: Path, path: Path) -> bool:
    """Whether all that a path can name lies at or below what the other names, in any context."""
    if one.plan is None or path.plan is None or len(one.plan) > len(path.plan):
        return False
    return all(mine is EVERY or mine == its for mine, its in zip(one.plan, path.plan, strict=False))
