"""What the runs of a project held: read from their events, stored, and gathered into a crowd."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.db.models import Q

from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.identity import Kin
from monitor.detection.people.project import session_of
from monitor.detection.people.seen import SeenRun
from monitor.detection.runs import Run as RunBehind
from monitor.detection.runs import runs_behind
from monitor.detection.views import RunView
from monitor.models import Event as StoredEvent
from monitor.models import Project, Run, RunFacts
from monitor.queries.events import as_event
from monitor.services.crowd_memory import Facts, FactsMoved, Memory, pack
from monitor.services.family import parents_named_by, relatives_of

RUNS_AT_A_TIME = 50


@dataclass(frozen=True, slots=True)
class Gathered:
    """The runs that are judged together, by the primary key of their run ids.

    `judged` are the newest ones: their verdicts are written. The others only lend what they held:
    ancestors of the judged runs, and the runs that standing anomalies name as owner or source.
    """

    judged: frozenset[int]
    seen: Sequence[SeenRun]
    pks: Mapping[str, int]


def read(project: Project, memory: Memory, run_pks: Collection[int]) -> dict[int, str]:
    """Reads runs from their events, and stores what they held where it changed; some transactions.

    Gives the runs that cannot be read, with the type of the error: these own nothing and are not judged.
    """
    errors: dict[int, str] = {}
    wanted = sorted(run_pks)
    for start in range(0, len(wanted), RUNS_AT_A_TIME):
        chunk = wanted[start : start + RUNS_AT_A_TIME]
        rows: list[RunFacts] = []
        stored = dict(RunFacts.objects.filter(run__in=chunk).values_list("run_id", "digest"))
        for pk, (view, context_bytes) in _views(project, chunk, memory.maps).items():
            try:
                facts, packed = _read(project, memory, pk, view)
            except Exception as error:  # a run that cannot be read must not hide the others
                errors[pk] = type(error).__name__
                facts, packed = pack(view, ())
            memory.facts[pk] = facts
            memory.keep_view(pk, facts.digest, view, context_bytes)
            if stored.get(pk) != facts.digest:
                rows.append(_row(project, pk, facts, packed))
        RunFacts.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["run"], update_fields=["first_at", "digest", "body"]
        )
    return errors


def _read(project: Project, memory: Memory, pk: int, view: RunView) -> tuple[Facts, bytes]:
    parts = [
        memory.reader.read(run, session, partial(run_behind, project, memory, pk, run.number))
        for run in view.runs
        if (session := session_of(run)) is not None
    ]
    return pack(view, parts)


def _row(project: Project, pk: int, facts: Facts, packed: bytes) -> RunFacts:
    first_at = min((part.key[0] for part in facts.parts), default=None)
    return RunFacts(run_id=pk, project=project, first_at=first_at, digest=facts.digest, body=packed)


def run_behind(project: Project, memory: Memory, pk: int, number: int) -> RunBehind:
    """A run taken apart; see `view_of`."""
    return view_of(project, memory, pk).runs[number]


def view_of(project: Project, memory: Memory, pk: int) -> RunView:
    """The runs behind a run id, taken apart, as their facts were read.

    Raises FactsMoved where their events are others by now.
    """
    view = memory.view(pk)
    if view is None:
        found = _views(project, [pk], memory.maps)
        if pk not in found:
            raise FactsMoved(pk)
        view, context_bytes = found[pk]
        digest = _read(project, memory, pk, view)[0].digest
        if pk not in memory.facts or digest != memory.facts[pk].digest:
            raise FactsMoved(pk)
        memory.keep_view(pk, digest, view, context_bytes)
    return view


def newest(project: Project, memory: Memory) -> list[int]:
    """The newest `CROWD_RUNS` runs of a project that act for a session, by the sender's clock, with facts."""
    rows = RunFacts.objects.filter(project=project, first_at__isnull=False).order_by("-first_at", "-run")
    found = dict(rows.values_list("run_id", "digest")[: settings.CROWD_RUNS])
    _recall(project, memory, found)
    return list(found)


def gather(project: Project, memory: Memory, judged: Collection[int], named: Iterable[str]) -> Gathered:
    """The runs that are judged, their ancestors, and the runs that are `named`.

    Those that were never read, or whose facts were forgotten, are read now.
    """
    parts = [part for pk in judged for part in memory.facts[pk].parts]
    pks = {part.run_id: pk for pk in judged for part in memory.facts[pk].parts}
    wanted = {*named, *(name for part in parts for name, _ in part.ancestors)} - pks.keys()
    others = _others(project, memory, wanted)
    memory.forget_all_but([*judged, *others.values()])
    return Gathered(frozenset(judged), memory.seen([*judged, *others.values()]), {**pks, **others})


def _others(project: Project, memory: Memory, names: Collection[str]) -> dict[str, int]:
    """Older runs by name, with their facts in memory."""
    if not names:
        return {}
    found = Run.objects.filter(project=project, run_id__in=names, judged_at__isnull=False)
    pks = dict(found.values_list("run_id", "id"))
    stored = dict(RunFacts.objects.filter(run__in=pks.values()).values_list("run_id", "digest"))
    read(project, memory, pks.values() - stored.keys())
    _recall(project, memory, stored)
    return pks


def _recall(project: Project, memory: Memory, digests: Mapping[int, int]) -> None:
    """Brings stored facts to mind, those that changed since."""
    changed = [pk for pk, digest in digests.items() if pk not in memory.facts or memory.facts[pk].digest != digest]
    unknown: list[int] = []
    for start in range(0, len(changed), 1000):
        rows = RunFacts.objects.filter(run__in=changed[start : start + 1000]).values_list(
            "run_id", "digest", "body"
        )
        for pk, digest, body in rows.iterator():
            facts = memory.unpack(digest, bytes(body), partial(run_behind, project, memory, pk))
            if facts is None:
                unknown.append(pk)
            else:
                memory.facts[pk] = facts
    if unknown:
        read(project, memory, unknown)
    for pk in unknown:
        memory.facts.setdefault(pk, Facts(digests[pk], ()))


def forget(project: Project, gathered: Gathered) -> None:
    """Deletes the facts of runs that are too old to be judged and that nobody needs: they can be read again."""
    if len(gathered.judged) < settings.CROWD_RUNS:
        return
    oldest = min(part.key[0] for part in gathered.seen if gathered.pks[part.run_id] in gathered.judged)
    old = RunFacts.objects.filter(Q(first_at__lt=oldest) | Q(first_at=None), project=project)
    old.exclude(run__in=list(gathered.pks.values())).delete()


def _views(
    project: Project, run_pks: Sequence[int], maps: Mapping[str, ContextMap]
) -> dict[int, tuple[RunView, int]]:
    """Runs with all their events and their families, and the bytes of their contexts, by primary key."""
    rows = StoredEvent.objects.filter(project=project, run__in=run_pks).order_by("id")
    events: dict[int, list[Event]] = {}
    sizes: dict[int, int] = {}
    for pk, body, size in rows.values_list("run_id", "body", "context_bytes"):
        events.setdefault(pk, []).append(as_event(body))
        sizes[pk] = sizes.get(pk, 0) + size
    kin = _families(project, events, maps)
    return {
        pk: (RunView(found[0].run_id, runs_behind(found, context_map=None, kin=kin[pk], maps=maps)), sizes[pk])
        for pk, found in events.items()
    }


def _families(
    project: Project, events: Mapping[int, Sequence[Event]], maps: Mapping[str, ContextMap]
) -> dict[int, Kin]:
    """The families of runs; of those that have none, and these are most, in one query."""
    names = {pk: found[0].run_id for pk, found in events.items()}
    parents = {pk: parents_named_by(found) for pk, found in events.items()}
    children = Run.objects.filter(project=project, parent_run_id__in=names.values())
    spawning = set(children.values_list("parent_run_id", flat=True))
    return {
        pk: relatives_of(project, name, parents[pk], maps=maps).kin if parents[pk] or name in spawning else Kin()
        for pk, name in names.items()
    }
