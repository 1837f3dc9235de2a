"""The judgement of one run: load, judge in the pure core, look around, write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.detection.anomaly import Anomaly, Finding
from monitor.detection.identity import Identity
from monitor.detection.provenance import attribute
from monitor.detection.runs import runs_behind
from monitor.detection.views import RunView
from monitor.models import Run, Work
from monitor.services import attach, canaries, crowd, failures, leaking_keys, locks, outcomes, ripples
from monitor.services.cases import Case, everybody, judged, known_relatives, state_after
from monitor.services.family import judged_together, relatives_of
from monitor.services.lookup import Candidates, Sought, StoredRuns, sought_by
from monitor.services.run_values import Index
from monitor.services.together import Together, found_together
from monitor.services.verdict import Verdict, compare


class FamilyMoved(Exception):
    """A relative was judged at the same moment: judge this run again."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of a run before it looks around: what it holds, issues and made, and whose canaries it met.

    `findings` are all that may have their source in another run. `sought` says what each looks for there.
    """

    index: Index
    issue: canaries.Issue
    made: outcomes.Outcomes
    met: Mapping[str, set[tuple[str, int]]]
    findings: Sequence[Finding]
    view: RunView | None
    sought: Sequence[Sought | None]


@dataclass(frozen=True, slots=True)
class News:
    """What a judgement tells other runs.

    `learned`: its identity or parent is known for the first time. `changed`: what was known of it
    is no longer so. `left` is the parent that it was thought to have before. `turned`: a value that it
    holds may be its own now, or no longer.
    """

    learned: bool
    changed: bool
    left: tuple[str, ...]
    turned: bool


def judge(run: Run, work: Sequence[Work], *, now: datetime) -> Verdict:
    """Judges a run for the Work rows that the caller has locked with it, and stores all that follows.

    Belongs into one transaction that deletes the rows; `now` is the server's time. Gives what
    changed for people to see. Raises FamilyMoved and attach.Raced: roll back and do it again.
    """
    known = run.judged_at is not None
    case = judged(run, work)
    together = Together(run)
    look = _look(case, together)
    candidates = _locked(case, look)
    if case.view is not None:
        wider = found_together(run, case.view, case.relatives, look.made, case.maps)
        together = Together(run, wider.findings, [*together.errors, *wider.errors], wider.turned)
    found = _attributed(case, look, together.findings, candidates)
    errors = [*case.judgement.errors, *together.errors]
    failures.record(run=run, errors=errors, whole=case.judgement.whole, now=now)
    look.index.store()
    look.issue.store(run)
    news = _take_facts(case, now)
    verdict = compare(run=run, found=found, whole=case.judgement.whole, is_known=known, now=now)
    if verdict or (known and (news.learned or news.changed)):
        attach.apply(verdict, project=run.project, run=run, now=now)
    _ripple(case, look, together, news, verdict=verdict, now=now)
    _tell_crowd(case, work, news, is_new=not known, now=now)
    return verdict


def _look(case: Case, together: Together) -> Look:
    run, judgement, view = case.run, case.judgement, case.view
    index = Index.compare(run, judgement, case.new)
    issue, made = canaries.NONE, outcomes.Outcomes(run, {}, {}, {})
    if view is not None:
        issue = canaries.issue_of(run, [event for one in view.runs for event in one.events])
        made = outcomes.compare(run, view.runs, case.maps)
    met = _met(case, issue)
    if met:
        runs = (
            view.runs if view else runs_behind(case.new, context_map=None, kin=case.relatives.kin, maps=case.maps)
        )
        together.ask(canaries.RULE, lambda: canaries.findings(runs, met))
    findings = [*judgement.findings, *together.findings]
    view = case.whole_view() if findings else view
    secret = run.project.uuid.bytes
    sought = [sought_by(finding, view, secret=secret) for finding in findings] if view is not None else []
    return Look(index, issue, made, met, findings, view, sought)


def _met(case: Case, issue: canaries.Issue) -> Mapping[str, set[tuple[str, int]]]:
    return canaries.met(case.run, case.judgement.holdings.keys(), issue if case.view is not None else None)


def _locked(case: Case, look: Look) -> Candidates:
    """Locks all that the judgement touches outside of its run; the runs that may be blamed.

    Raises FamilyMoved where what was seen before the locks is no longer so.
    """
    run, relatives = case.run, case.relatives
    sought = [one for one in look.sought if one is not None]
    wanted = {one.value for one in sought} | look.issue.changed | look.made.locks
    values = locks.values(held=look.index.added, wanted=wanted, new_shapes=bool(look.issue.new_shapes))
    above = {*relatives.above, *case.parents}
    if sought:
        locks.take(run.project_id, values)
        candidates = Candidates.of(run.project, sought, victim_pk=run.pk)
        locks.take(run.project_id, locks.names(own=run.run_id, others=above | candidates.names))
    else:
        candidates = Candidates({}, frozenset(), {})
        locks.take(run.project_id, values, locks.names(own=run.run_id, others=above))
    if known_relatives(run, case.parents, case.maps) != relatives or _met(case, look.issue) != look.met:
        raise FamilyMoved
    return candidates


def _take_facts(case: Case, now: datetime) -> News:
    """Writes what is now known of the run; what of it is news to others."""
    run, facts = case.run, case.judgement.facts
    before, began, is_known = _known(run), run.first_at, run.judged_at is not None
    run.parent_run_id, run.parent_step = facts.parent_run_id, facts.parent_step
    run.execution_id, run.session, run.tenant = _texts(facts.identity)
    run.asserted_execution_id, run.asserted_session, run.asserted_tenant = _texts(facts.asserted)
    run.first_at, run.last_at = facts.first_at, facts.last_at
    run.event_count, run.gaps, run.parts = facts.events, list(facts.gaps), max(1, len(facts.parts))
    run.ended, run.status = facts.ended, facts.status
    run.state, run.judged_at = state_after(case.judgement), now
    run.save()
    after = _known(run)
    # Which of the runs behind a reused id is a run's parent hangs on when each of them began.
    is_reused = bool(facts.parts) or any(one.number for one in everybody(case.relatives.kin))
    restarted = is_reused and bool(case.new) and (bool(facts.parts) or began != run.first_at)
    return News(
        learned=before != after,
        changed=restarted or any(old not in {None, new} for old, new in zip(before, after, strict=True)),
        left=tuple(old for old in before[:1] if old is not None and old != run.parent_run_id),
        turned=is_known and (before[1:] != after[1:] or (bool(case.new) and (bool(facts.parts) or _opens(case)))),
    )


def _opens(case: Case) -> bool:
    """Whether a new event is the run's first."""
    new = {event.event_id for event in case.new}
    return case.view is not None and case.view.runs[0].snapshots[0].event.event_id in new


def _attributed(
    case: Case, look: Look, further: Sequence[Finding], candidates: Candidates
) -> list[tuple[Anomaly, Sought | None]]:
    """The findings with class, source and sentence, each with what it looks for in other runs."""
    findings = [*look.findings, *further]
    victim = look.view or case.view
    if not findings or victim is None:
        return []
    lookup = StoredRuns.load(case.run.project, candidates, victim=victim, maps=case.maps)
    sought = [*look.sought, *(None for _ in further)]
    return list(zip(attribute(findings, victim=victim, lookup=lookup), sought, strict=True))


def _ripple(case: Case, look: Look, together: Together, news: News, *, verdict: Verdict, now: datetime) -> None:
    """Queues the runs whose verdict this judgement may change; none where it changed nothing."""
    run, issue = case.run, look.issue
    others = _kin_to_judge(case, news) | together.turned
    since = min((event.occurred_at for event in case.new), default=None)
    changed = {*(look.index.everything() if news.turned else look.index.changed), *issue.changed}
    if changed or since is not None:
        others |= ripples.victims(
            run=run, changed=changed, since=since, late=bool(case.new) and case.view is not None
        )
    others |= ripples.holders(run=run, values=issue.changed)
    if issue.new_shapes:
        others |= ripples.latest(run=run)
    if verdict or leaking_keys.reads(case.new) or news.turned:
        others |= leaking_keys.sources(run, blamed_before=verdict.blamed_before)
    ripples.queue(project_id=run.project_id, run_pks=others - {run.pk}, now=now)


def _kin_to_judge(case: Case, news: News) -> set[int]:
    """The relatives that this judgement concerns: all, the suspected ones, or those judged together with it."""
    relatives = set(case.relatives.pks)
    if news.left:
        relatives |= set(relatives_of(case.run.project, case.run.run_id, news.left, maps=case.maps).pks)
    names_matter = any(step.resources for one in case.maps.values() for step in one.steps.values())
    others: set[int] = set()
    if news.changed or (news.learned and names_matter):
        others = relatives
    elif news.learned:
        others = ripples.suspects(relatives)
    if case.new:
        others = others | {one.pk for one in judged_together(case.run, case.relatives, case.maps)}
    return others


def _tell_crowd(case: Case, work: Sequence[Work], news: News, *, is_new: bool, now: datetime) -> None:
    """Asks for the run to be judged together with all others where its events, map or family have changed."""
    run, ancestors = case.run, case.relatives.kin.ancestors
    moved = is_new or news.learned or news.changed
    acts = run.session is not None or run.parts > 1 or news.changed or any(one.own.session for one in ancestors)
    pks = set(case.relatives.pks) if moved else set()
    if acts and (moved or case.new or any(row.reason == Work.Reason.MAP for row in work)):
        pks.add(run.pk)
    crowd.due(project_id=run.project_id, run_pks=pks, now=now)


def _known(run: Run) -> tuple[str | None, ...]:
    """What relatives depend on: the parent first, then the identity."""
    asserted = (run.asserted_execution_id, run.asserted_session, run.asserted_tenant)
    return (run.parent_run_id, run.execution_id, run.session, run.tenant, *asserted)


def _texts(identity: Identity) -> tuple[str | None, str | None, str | None]:
    return identity.execution_id, identity.session, identity.tenant
