"""What could not be judged, so that a silent workflow is not taken for a clean one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from urllib.parse import quote

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from monitor.detection.catalogue import CATALOGUE
from monitor.detection.rule import Rule
from monitor.models import MapVersion, Project, Run, Workflow
from monitor.queries.maps import maps_of

_IDENTIFIED = Q(execution_id__isnull=False) | Q(session__isnull=False) | Q(tenant__isnull=False)


SAMPLED_RUNS = 500
_KINDS = ("execution_id", "session", "tenant", "assertion")
_IDENTITIES = """
SELECT w.name, bool_or(r.execution_id IS NOT NULL), bool_or(r.session IS NOT NULL), bool_or(r.tenant IS NOT NULL),
       bool_or(r.asserted_execution_id IS NOT NULL OR r.asserted_session IS NOT NULL)
  FROM monitor_workflow w
  JOIN LATERAL (SELECT * FROM monitor_run
                 WHERE project_id = w.project_id AND workflow = w.name AND last_at >= %s
                 ORDER BY last_at DESC, id DESC LIMIT %s) r ON true
 WHERE w.project_id = %s GROUP BY w.name ORDER BY w.name
"""
_NEEDED_IDENTITIES = {
    "identity-lost": ("execution_id", "session", "tenant"),
    "run-id-reused": ("assertion",),
    "foreign-value": ("session",),
}
"""Of the rules that look for no one kind of identity, those that still judge by one."""


@dataclass(frozen=True, slots=True)
class Unheard:
    """How many workflows `ran`, and by rule those of them that it could not judge, by name."""

    ran: int
    silent: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Blind:
    """A workflow that ran and that some rules could not judge: `rules` of the `catalogue`'s, by id."""

    workflow: str
    has_map: bool
    has_identity: bool
    rules: tuple[str, ...]
    catalogue: int

    @property
    def nothing(self) -> bool:
        """Whether there is neither a map nor an identity to judge by."""
        return not (self.has_map or self.has_identity)

    @property
    def why(self) -> str:
        """What is missing."""
        missing = ("" if self.has_map else "no map", "" if self.has_identity else "no identity")
        return ", ".join(word for word in missing if word)

    @property
    def how(self) -> str:
        """What to do about it."""
        if not self.has_identity:
            return "send session, tenant or execution_id with its events, or name their paths in its context map"
        name = quote(self.workflow, safe="")
        return f"send its context map to PUT /api/v1/workflows/{name}/map"


def blind_workflows(project: Project, *, since: datetime, until: datetime) -> list[Blind]:
    """Give the workflows with runs in [since, until), by the senders' clocks, that lack a map or any identity."""
    runs = _runs(project, since, until)
    rows = (
        Workflow.objects.filter(Exists(runs), project=project)
        .annotate(
            has_map=Exists(MapVersion.objects.filter(workflow=OuterRef("pk"))),
            has_identity=Exists(runs.filter(_IDENTIFIED)),
        )
        .exclude(has_map=True, has_identity=True)
        .order_by("name")
        .values_list("name", "has_map", "has_identity")
    )
    return [_blind(name, has_map=has_map, has_identity=has_identity) for name, has_map, has_identity in rows]


def workflows_that_ran(project: Project, *, since: datetime, until: datetime) -> int:
    """Count the workflows with runs in [since, until), by the senders' clocks: of none, nothing can be said."""
    return Workflow.objects.filter(Exists(_runs(project, since, until)), project=project).count()


def _runs(project: Project, since: datetime, until: datetime) -> QuerySet[Run]:
    return Run.objects.filter(project=project, workflow=OuterRef("name"), last_at__gte=since, last_at__lt=until)


def _blind(name: str, *, has_map: bool, has_identity: bool) -> Blind:
    cannot = [
        rule.id
        for rule in CATALOGUE
        if (not has_map and needs_map(rule)) or (not has_identity and needs_identity(rule))
    ]
    return Blind(
        workflow=name,
        has_map=has_map,
        has_identity=has_identity,
        rules=tuple(cannot),
        catalogue=len(CATALOGUE),
    )


def needs_map(rule: Rule) -> bool:
    """Whether the rule is silent without something that only a map declares ("X, or Y" is silent without both)."""
    return not rule.speaks(None) and ", or " not in rule.needs


def needs_identity(rule: Rule) -> bool:
    """Whether the rule judges by an identity of the run's own."""
    return bool(_identities(rule))


def _identities(rule: Rule) -> Sequence[str]:
    """The kinds of a run's own identity of which the rule needs one; none where it needs no identity."""
    if rule.identity is not None:
        return (rule.identity,)
    return _NEEDED_IDENTITIES.get(rule.id, ())


def unheard_rules(project: Project, *, since: datetime) -> Unheard:
    """Which rules could not judge which of the workflows that ran since then, by the senders' clocks.

    A rule cannot where the workflow's map does not declare what the rule needs, or where none of its
    last `SAMPLED_RUNS` runs has the identity that it compares by. As many queries for one workflow as
    for twenty, once their maps have been parsed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_IDENTITIES, [since, SAMPLED_RUNS, project.pk])
        has = {name: frozenset(compress(_KINDS, flags)) for name, *flags in cursor.fetchall()}
    maps = maps_of(project)
    silent = {
        rule.id: tuple(
            name
            for name, known in has.items()
            if (needs_map(rule) and not rule.speaks(maps.get(name)))
            or (needs_identity(rule) and known.isdisjoint(_identities(rule)))
        )
        for rule in CATALOGUE
    }
    return Unheard(ran=len(has), silent=silent)
