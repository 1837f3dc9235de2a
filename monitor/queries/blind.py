"""What could not be judged, so that a silent workflow is not taken for a clean one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from django.db.models import Exists, OuterRef, Q, QuerySet

from monitor.detection.catalogue import CATALOGUE
from monitor.detection.rule import Rule
from monitor.models import MapVersion, Project, Run, Workflow

_IDENTIFIED = Q(execution_id__isnull=False) | Q(session__isnull=False) | Q(tenant__isnull=False)


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
        if (not has_map and _needs_map(rule)) or (not has_identity and _needs_identity(rule))
    ]
    return Blind(
        workflow=name,
        has_map=has_map,
        has_identity=has_identity,
        rules=tuple(cannot),
        catalogue=len(CATALOGUE),
    )


def _needs_map(rule: Rule) -> bool:
    return bool(rule.needs) and "identity" not in rule.needs


def _needs_identity(rule: Rule) -> bool:
    # identity-lost watches all three kinds, so it names none of its own.
    return rule.identity is not None or "identity" in rule.needs or rule.id == "identity-lost"
