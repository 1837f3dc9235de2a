"""A stretch of stored history: the newest runs of a workflow with their relatives, as far as bounds allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count, Q, QuerySet, Sum

from monitor.detection.event import Event as ContextEvent
from monitor.models import Event, Project, Run
from monitor.queries.events import as_event
from monitor.queries.wire import rfc3339

MAX_RELATIVES_A_RUN = 20
"""On the average: of larger families not all are looked at, and that is said."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of the history one request looks at; `max_bytes` counts contexts as compact JSON."""

    max_runs: int
    max_events: int
    max_bytes: int

    @classmethod
    def of_settings(cls, *, runs: int | None = None) -> Bounds:
        """The bounds of the settings, of the runs at most `runs`."""
        most = settings.HISTORY_MAX_RUNS
        return cls(min(runs or most, most), settings.HISTORY_MAX_EVENTS, settings.HISTORY_MAX_BYTES)


class _Row(NamedTuple):
    """What the search for relatives needs of a run."""

    pk: int
    run_id: str
    parent_run_id: str | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """The events of whole families: those of `runs`, newest first, which are of the workflow, and of `relatives`.

    Both are run ids by primary key. `cut` names the bound that left something out: runs, relatives,
    events or bytes; None where nothing was.
    """

    runs: Mapping[int, str]
    relatives: Mapping[int, str]
    events: tuple[ContextEvent, ...]
    cut: str | None

    def as_json(self) -> dict[str, Any]:
        """What was looked at, as the API says it; the times are the senders'."""
        times = sorted(event.occurred_at for event in self.events)
        return {
            "runs": len(self.runs),
            "relatives": len(self.relatives),
            "events": len(self.events),
            "first_at": rfc3339(times[0]) if times else None,
            "last_at": rfc3339(times[-1]) if times else None,
            "cut": self.cut,
        }


def newest(project: Project, runs: QuerySet[Run], bounds: Bounds) -> Stretch:
    """The newest of the runs, which are the project's, each with all its relatives of the project.

    A family that the bounds have no room for is left out whole. Newest is what was seen last, by
    the senders' clocks.
    """
    rows = runs.filter(project=project, last_at__isnull=False).order_by("-last_at", "-id")
    found = [_Row(*row) for row in rows.values_list("pk", "run_id", "parent_run_id")[: bounds.max_runs + 1]]
    wanted = found[: bounds.max_runs]
    cut = "runs" if len(found) > len(wanted) else None
    known, all_of_them = _with_relatives(project, wanted)
    if not all_of_them:
        cut = "relatives"
    taken, left_out = _that_fit(project, _families(wanted, known), bounds)
    mine = {row.pk for row in wanted}
    return Stretch(
        runs={row.pk: row.run_id for row in wanted if row.pk in taken},
        relatives={row.pk: row.run_id for row in known.values() if row.pk in taken - mine},
        events=_events(project, taken),
        cut=left_out or cut,
    )


def _with_relatives(project: Project, wanted: Sequence[_Row]) -> tuple[dict[str, _Row], bool]:
    """The runs and everybody related to them, by run id; and whether that is all of them."""
    known = {row.run_id: row for row in wanted}
    most = len(wanted) * (MAX_RELATIVES_A_RUN + 1)
    fresh: Sequence[_Row] = wanted
    while fresh:
        parents = {row.parent_run_id for row in fresh if row.parent_run_id} - known.keys()
        kin = Q(parent_run_id__in=[row.run_id for row in fresh]) | Q(run_id__in=parents)
        rows = Run.objects.filter(kin, project=project).order_by("id")
        read = rows.values_list("pk", "run_id", "parent_run_id")[: most + 1]
        fresh = [row for row in (_Row(*one) for one in read) if row.run_id not in known]
        if len(known) + len(fresh) > most:
            return known, False
        known.update((row.run_id, row) for row in fresh)
    return known, True


def _families(wanted: Sequence[_Row], known: dict[str, _Row]) -> list[list[_Row]]:
    """Who belongs together, the family of the newest run first."""
    home: dict[str, str] = {}

    def head(run_id: str) -> str:
        while home.setdefault(run_id, run_id) != run_id:
            run_id = home[run_id] = home[home[run_id]]
        return run_id

    for row in known.values():
        if row.parent_run_id in known:
            home[head(row.run_id)] = head(row.parent_run_id)
    families: dict[str, list[_Row]] = {head(row.run_id): [] for row in wanted}
    for row in known.values():
        families[head(row.run_id)].append(row)
    return list(families.values())


def _that_fit(project: Project, families: Iterable[list[_Row]], bounds: Bounds) -> tuple[set[int], str | None]:
    """The runs of the families that the bounds have room for, and the bound that left one out."""
    listed = list(families)
    pks = [row.pk for family in listed for row in family]
    sizes = {
        pk: (events, size)
        for pk, events, size in Event.objects.filter(project=project, run_id__in=pks)
        .values("run_id")
        .annotate(events=Count("id"), size=Sum("context_bytes"))
        .values_list("run_id", "events", "size")
    }
    taken: set[int] = set()
    events, size, cut = 0, 0, None
    for family in listed:
        more_events = sum(sizes.get(row.pk, (0, 0))[0] for row in family)
        more_bytes = sum(sizes.get(row.pk, (0, 0))[1] for row in family)
        if events + more_events > bounds.max_events:
            cut = "events"
        elif size + more_bytes > bounds.max_bytes:
            cut = "bytes"
        else:
            events, size = events + more_events, size + more_bytes
            taken.update(row.pk for row in family)
    return taken, cut


def _events(project: Project, pks: Iterable[int]) -> tuple[ContextEvent, ...]:
    bodies = Event.objects.filter(project=project, run_id__in=list(pks)).order_by("id")
    return tuple(as_event(body) for body in bodies.values_list("body", flat=True).iterator())
