"""What the runs of a project held: read from their events, stored, and gathered into a crowd."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
from monitor.queries.events import StoredRun, as_event
from monitor.services.crowd_memory import Facts, FactsMoved, Loaded, Memory, pack
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


@dataclass(frozen=True, slots=True)
class StoredFacts:
    """A run's facts as a row of RunFacts has them."""

    first_at: datetime | None
    digest: int
    body: bytes


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
        for pk, loaded in _load(project, Q(run__in=chunk), memory.maps).items():
            try:
                facts, packed = _read(project, memory, pk, loaded)
            except Exception as error:  # a run that cannot be read must not hide the others
                errors[pk] = type(error).__name__
                facts, packed = pack(loaded, ())
            memory.facts[pk] = facts
            if len(wanted) <= RUNS_AT_A_TIME:
                memory.keep_view(pk, loaded)
            if stored.get(pk) != facts.digest:
                rows.append(_row(project, pk, facts, packed))
        RunFacts.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["run"], update_fields=["first_at", "digest", "body"]
        )
    return errors


def _read(project: Project, memory: Memory, pk: int, loaded: Loaded) -> tuple[Facts, bytes]:
    parts = [
        memory.reader.read(run, session, partial(run_behind, project, memory, pk, run.number))
        for run in loaded.view.runs
        if (session := session_of(run)) is not None
    ]
    return pack(loaded, parts)


def facts_of(project: Project, memory: Memory, pk: int, stored: StoredRun, view: RunView) -> StoredFacts | None:
    """What a run without a family held, as it is to be stored; None where it acts for no session."""
    facts, packed = _read(
        project, memory, pk, Loaded(view, stored.context_bytes, len(stored.events), stored.last_pk)
    )
    return StoredFacts(_first_at(facts), facts.digest, packed) if facts.parts else None


def _row(project: Project, pk: int, facts: Facts, packed: bytes) -> RunFacts:
    return RunFacts(run_id=pk, project=project, first_at=_first_at(facts), digest=facts.digest, body=packed)


def _first_at(facts: Facts) -> datetime | None:
    return min((part.key[0] for part in facts.parts), default=None)


def run_behind(project: Project, memory: Memory, pk: int, number: int) -> RunBehind:
    """A run taken apart; see `view_of`."""
    return view_of(project, memory, pk).runs[number]


def view_of(project: Project, memory: Memory, pk: int) -> RunView:
    """The runs behind a run id, taken apart, by the events that their facts were read from.

    Events that came since are passed over: the run will be due again for them. Raises FactsMoved
    where one is among those that came before.
    """
    view = memory.view(pk)
    if view is None:
        facts = memory.facts[pk]
        loaded = _load(project, Q(run=pk, id__lte=facts.last_pk), memory.maps).get(pk)
        if loaded is None or loaded.events != facts.events:
            raise FactsMoved(pk)
        memory.keep_view(pk, loaded)
        view = loaded.view
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
        memory.facts.setdefault(pk, Facts(digests[pk], 0, 0, ()))


def forget(project: Project, gathered: Gathered) -> None:
    """Deletes the facts of runs that are too old to be judged and that nobody needs: they can be read again."""
    if len(gathered.judged) < settings.CROWD_RUNS:
        return
    oldest = min(part.key[0] for part in gathered.seen if gathered.pks[part.run_id] in gathered.judged)
    old = RunFacts.objects.filter(Q(first_at__lt=oldest) | Q(first_at=None), project=project)
    old.exclude(run__in=list(gathered.pks.values())).delete()


def _load(project: Project, which: Q, maps: Mapping[str, ContextMap]) -> dict[int, Loaded]:
    """The runs of these events, taken apart, with their families; by primary key."""
    rows = StoredEvent.objects.filter(which, project=project).order_by("id")
    events: dict[int, list[Event]] = {}
    sizes: dict[int, int] = {}
    last: dict[int, int] = {}
    for event_pk, pk, body, size in rows.values_list("id", "run_id", "body", "context_bytes"):
        events.setdefault(pk, []).append(as_event(body))
        sizes[pk] = sizes.get(pk, 0) + size
        last[pk] = event_pk
    kin = _families(project, events, maps)
    found: dict[int, Loaded] = {}
    for pk, mine in events.items():
        view = RunView(mine[0].run_id, runs_behind(mine, context_map=None, kin=kin[pk], maps=maps))
        found[pk] = Loaded(view, sizes[pk], len(mine), last[pk])
    return found


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
