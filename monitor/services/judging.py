"""The judgement of one run: load, judge in the pure core, look around, write."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.detection.anomaly import Anomaly
from monitor.detection.context_map import ContextMap
from monitor.detection.engine import Judgement, Watch, advance, judge_run
from monitor.detection.event import Event
from monitor.detection.identity import Identity, Kin, KinRun
from monitor.detection.order import in_order
from monitor.detection.provenance import attribute
from monitor.detection.views import RunView
from monitor.models import Run, Work
from monitor.queries import events as stored_events
from monitor.queries.maps import maps_of
from monitor.services import attach, locks, ripples
from monitor.services.family import Relatives, parents_named_by, relatives_of
from monitor.services.holdings import Index
from monitor.services.lookup import StoredRuns, want_of
from monitor.services.verdict import Verdict, compare

logger = logging.getLogger(__name__)


class FamilyMoved(Exception):
    """A relative was judged at the same moment: judge this run again."""


@dataclass(frozen=True, slots=True)
class Case:
    """A run with all that it is judged by, and its judgement.

    `new` are its events that were not judged before. `events` are all of them, in order, or None
    where it was judged onwards. `parents` name the runs that spawned it.
    """

    run: Run
    maps: Mapping[str, ContextMap]
    parents: Sequence[str]
    relatives: Relatives
    new: Sequence[Event]
    events: Sequence[Event] | None
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class News:
    """What a judgement tells the run's relatives.

    `learned`: its identity or parent is known for the first time. `changed`: what was known of it
    is no longer so. `left` is the parent that it was thought to have before.
    """

    learned: bool
    changed: bool
    left: tuple[str, ...]


def judge(run: Run, work: Sequence[Work], *, now: datetime) -> Verdict:
    """Judges a run for the Work rows that the caller has locked with it, and stores all that follows.

    Belongs into one transaction that deletes the rows; `now` is the server's time. Gives what
    changed for people to see. Raises FamilyMoved and attach.Raced: roll back and do it again.
    """
    known = run.judged_at is not None
    case = _judged(run, work)
    index = Index.compare(run, case.judgement)
    wants = {want.key for finding in case.judgement.findings if (want := want_of(finding))}
    above = {*case.relatives.above, *case.parents}
    locks.take(run=run, ancestors=above, held={one.value_key for one in index.added}, wanted=wants)
    if _relatives(run, case.parents, case.maps) != case.relatives:
        raise FamilyMoved
    for error in case.judgement.errors:
        logger.error("a rule failed", extra={"rule": error.rule, "run": run.pk, "error": error.error})
    index.store()
    news = _take_facts(case, now)
    verdict = compare(run=run, found=_attributed(case), whole=case.judgement.whole, is_known=known, now=now)
    if verdict or (known and (news.learned or news.changed)):
        attach.apply(verdict, project=run.project, run=run, now=now)
    _ripple(case, index, news, now)
    return verdict


def _judged(run: Run, work: Sequence[Work]) -> Case:
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
    relatives = _relatives(run, parents, maps)
    state, watch = bytes(run.state or b""), Watch.of(maps.values())
    judgement = advance(state, new, context_map=None, kin=relatives.kin, watch=watch, maps=maps)
    return None if judgement is None else Case(run, maps, parents, relatives, new, None, judgement)


def _from_scratch(run: Run, new: Sequence[Event] | None, maps: Mapping[str, ContextMap]) -> Case:
    events = in_order(stored_events.of_run(run.project, run))
    parents = parents_named_by(events)
    relatives = _relatives(run, parents, maps)
    judgement = judge_run(events, context_map=None, kin=relatives.kin, watch=Watch.of(maps.values()), maps=maps)
    run.workflow = events[0].workflow
    return Case(run, maps, parents, relatives, events if new is None else new, events, judgement)


def _relatives(run: Run, parents: Sequence[str], maps: Mapping[str, ContextMap]) -> Relatives:
    return relatives_of(run.project, run.run_id, parents, maps=maps)


def _take_facts(case: Case, now: datetime) -> News:
    """Writes what is now known of the run; what of it is news to others."""
    run, facts = case.run, case.judgement.facts
    before, began = _known(run), run.first_at
    run.parent_run_id, run.parent_step = facts.parent_run_id, facts.parent_step
    run.execution_id, run.session, run.tenant = _texts(facts.identity)
    run.asserted_execution_id, run.asserted_session, run.asserted_tenant = _texts(facts.asserted)
    run.first_at, run.last_at = facts.first_at, facts.last_at
    run.event_count, run.gaps = facts.events, list(facts.gaps)
    run.ended, run.status = facts.ended, facts.status
    run.state, run.judged_at = case.judgement.state, now
    run.save()
    after = _known(run)
    # Which of the runs behind a reused id is a run's parent hangs on when each of them began.
    is_reused = bool(facts.parts) or any(one.number for one in _family(case.relatives.kin))
    restarted = is_reused and bool(case.new) and (bool(facts.parts) or began != run.first_at)
    return News(
        learned=before != after,
        changed=restarted or any(old not in {None, new} for old, new in zip(before, after, strict=True)),
        left=tuple(old for old in before[:1] if old is not None and old != run.parent_run_id),
    )


def _attributed(case: Case) -> list[tuple[Anomaly, bytes | None]]:
    """The findings with class, source and sentence, each with the key of the value it wants."""
    run, findings = case.run, case.judgement.findings
    if not findings:
        return []
    events = case.events if case.events is not None else stored_events.of_run(run.project, run)
    victim = RunView.of(events, context_map=None, kin=case.relatives.kin, maps=case.maps)
    lookup = StoredRuns.load(run.project, findings, victim_pk=run.pk, maps=case.maps)
    wants = [want.key if (want := want_of(finding)) else None for finding in findings]
    return list(zip(attribute(findings, victim=victim, lookup=lookup), wants, strict=True))


def _ripple(case: Case, index: Index, news: News, now: datetime) -> None:
    """Queues the runs whose verdict this judgement may change; none where it changed nothing."""
    run = case.run
    relatives = set(case.relatives.pks)
    if news.left:
        relatives |= set(_relatives(run, news.left, case.maps).pks)
    others = relatives if news.changed else ripples.suspects(relatives) if news.learned else set()
    since = min((event.occurred_at for event in case.new), default=None)
    if index.changed or since is not None:
        others |= ripples.victims(run=run, changed=index.changed, since=since)
    ripples.queue(project_id=run.project_id, run_pks=others, now=now)


def _known(run: Run) -> tuple[str | None, ...]:
    """What relatives depend on: the parent first, then the identity."""
    asserted = (run.asserted_execution_id, run.asserted_session, run.asserted_tenant)
    return (run.parent_run_id, run.execution_id, run.session, run.tenant, *asserted)


def _family(kin: Kin) -> tuple[KinRun, ...]:
    return (*kin.ancestors, *kin.descendants)


def _texts(identity: Identity) -> tuple[str | None, str | None, str | None]:
    return identity.execution_id, identity.session, identity.tenant
