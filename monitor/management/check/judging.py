"""The one place where a check meets the pure core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.detection.anomaly import Anomaly
from monitor.detection.context_map import ContextMap
from monitor.detection.engine import RuleError
from monitor.detection.event import Event
from monitor.detection.history import EventStore, judge_store
from monitor.management.check.opening import Tick
from monitor.management.check.report import Complaint

READS_OF_A_RUN = 2
"""The core reads each run to know its relatives, and again to judge it; some it reads more often."""


def judge(
    store: EventStore, maps: Mapping[str, ContextMap], *, tick: Tick, errors: list[RuleError] | None = None
) -> tuple[Anomaly, ...]:
    """Every anomaly in the store, by the time of its event; `maps` are those in force, by workflow.

    `tick` is told of each run that is read, READS_OF_A_RUN times or a little more often; `errors` of each
    rule that raised.
    """
    return judge_store(_Watched(store, tick), maps, errors=errors)


def complaints_of(errors: Sequence[RuleError]) -> list[Complaint]:
    """What a report says of rules that raised: one complaint a rule, with the first run and how many more."""
    by_rule: dict[str, list[RuleError]] = {}
    for error in errors:
        by_rule.setdefault(error.rule, []).append(error)
    return [
        Complaint("judging", None, rule, f"raised {failed[0].error}{_where(failed)}: its answer is missing there")
        for rule, failed in by_rule.items()
    ]


def _where(failed: Sequence[RuleError]) -> str:
    runs = list(dict.fromkeys(error.run_id for error in failed if error.run_id))
    if not runs:
        return ""
    return f" in run {runs[0]}" + (f" and {len(runs) - 1} more" if len(runs) > 1 else "")


class _Watched:
    """The same store, which tells of each run that is read."""

    def __init__(self, store: EventStore, tick: Tick) -> None:
        self._store = store
        self._tick = tick

    @property
    def run_ids(self) -> tuple[str, ...]:
        """All runs."""
        return self._store.run_ids

    def events(self, run_id: str) -> Sequence[Event]:
        """The events of a run, each once."""
        self._tick(1)
        return self._store.events(run_id)
