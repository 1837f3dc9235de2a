"""Judges one run of a batch (`services.calm`) on its own, as it is to be stored; None where it is not calm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.detection.context_map import ContextMap
from monitor.detection.engine import Judgement, advance
from monitor.detection.event import Event
from monitor.detection.identity import Identity, Kin
from monitor.detection.order import in_order
from monitor.models import Project, Run
from monitor.queries.events import StoredRun
from monitor.services import canaries, cases, crowd_facts, leaking_keys, outcomes
from monitor.services.calm_rows import Row
from monitor.services.crowd_memory import Memory
from monitor.services.run_values import MAX_ROWS, Index, Stored, watch_of


def fresh(project: Project, run: Run, stored: StoredRun, memory: Memory) -> Row | None:
    """A run that was never judged, with all its events."""
    if _names_others(stored.events):
        return None
    view, judgement = cases.judged_whole(run, stored.events, Kin(), memory.maps)
    if not _is_faultless(judgement) or len(view.runs) > 1 or outcomes.compare(run, view.runs, memory.maps).made:
        return None
    index = Index.compare(run, judgement, stored.events)
    facts = crowd_facts.facts_of(project, memory, run.pk, stored, view)
    return Row(run, view.runs[0].workflow, judgement, index.added, index.since, facts)


def onwards(run: Run, new: Sequence[Event], rows: Stored, maps: Mapping[str, ContextMap]) -> Row | None:
    """A run that goes on, with its new events and the rows of its values."""
    context_map = maps.get(run.workflow)
    if run.parent_run_id or _names_others(new) or (context_map is not None and context_map.deterministic):
        return None
    if leaking_keys.reads(one for one in new if run.last_at is not None and one.occurred_at <= run.last_at):
        return None
    watch = watch_of(run.project)
    judgement = advance(
        bytes(run.state or b""), in_order(new), context_map=None, kin=Kin(), watch=watch, maps=maps
    )
    if judgement is None or not _is_faultless(judgement) or _is_news(run, judgement):
        return None
    index = Index.compare(run, judgement, new, stored_rows=rows)
    if index.removed or index.backdates or len(rows) >= MAX_ROWS:
        return None
    return Row(run, run.workflow, judgement, index.added, index.since, None)


def _names_others(events: Sequence[Event]) -> bool:
    return any(event.parent_run_id or canaries.issues(event) for event in events)


def _is_faultless(judgement: Judgement) -> bool:
    return not judgement.findings and not judgement.errors


def _is_news(run: Run, judgement: Judgement) -> bool:
    """Whether more is known of the run's identity than before, or something else."""
    own = Identity(run.execution_id, run.session, run.tenant)
    said = Identity(run.asserted_execution_id, run.asserted_session, run.asserted_tenant)
    return (own, said) != (judgement.facts.identity, judgement.facts.asserted)
