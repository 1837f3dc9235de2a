"""Proposed maps: what the stored clean runs of a workflow show, beside the map in force."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from monitor.detection.learning.as_yaml import as_yaml
from monitor.detection.learning.learn import learn
from monitor.detection.learning.merging import is_declared
from monitor.detection.learning.proposal import Line, Proposal, Support
from monitor.detection.map_source import read_source
from monitor.models import MapVersion, Project, Run, Work
from monitor.queries import anomalies
from monitor.queries.maps import maps_of, version_in_force
from monitor.queries.stretch import Bounds, Stretch, newest


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal, the history that it rests on, and the version of the map in force that it was compared with."""

    proposal: Proposal
    stretch: Stretch
    version: MapVersion | None

    @property
    def digest(self) -> str:
        """Changes when a line comes or goes, or another map is put in force; not when a count does."""
        number = self.version.number if self.version else 0
        return hashlib.sha256(f"{self.proposal.digest}:{number}".encode()).hexdigest()[:32]


def propose(project: Project, workflow: str) -> Proposed:
    """Learns a map from the newest clean runs of a workflow, within the bounds of the settings."""
    version = version_in_force(project, workflow)
    stretch = newest(project, _clean_runs(project, workflow), Bounds.of_settings())
    touched = anomalies.standing(project).filter(run_id__in=list(stretch.relatives))
    unclean = set(touched.values_list("run_id", flat=True))
    relatives = [run_id for pk, run_id in stretch.relatives.items() if pk not in unclean]
    support = Support(settings.LEARN_MIN_RUNS, min(settings.LEARN_MIN_PERCENT, 100) / 100)
    proposal = learn(
        stretch.events,
        workflow=workflow,
        clean={*stretch.runs.values(), *relatives},
        maps=maps_of(project),
        support=support,
    )
    return Proposed(proposal, stretch, version)


def _clean_runs(project: Project, workflow: str) -> QuerySet[Run]:
    """Runs that are judged, lack no event that we know of, and have no standing anomaly.

    Where runs of this workflow end, those still at work are left out: they have not shown all yet.
    """
    runs = Run.objects.filter(project=project, workflow=workflow, judged_at__isnull=False, gaps=[])
    found = anomalies.standing(project).filter(run=OuterRef("pk"))
    clean = runs.filter(~Exists(found), ~Exists(Work.objects.filter(run=OuterRef("pk"))))
    ended = clean.filter(ended=True)
    return ended if ended.exists() else clean


def as_json(proposed: Proposed) -> dict[str, Any]:
    """A proposal as the API shows it; `text` is the whole of it as a map, with what each line rests on."""
    proposal, version = proposed.proposal, proposed.version
    declared = read_source(version.text)[0].plain() if version else {}
    return {
        "workflow": proposal.workflow,
        "digest": proposed.digest,
        "map_version": version.number if version else None,
        "clean_runs": proposal.runs,
        "looked_at": proposed.stretch.as_json(),
        "lines": [_line_as_json(line, is_declared(declared, line)) for line in proposal.lines],
        "left_out": [{"at": one.place, "why": one.why} for one in proposal.left_out],
        "text": as_yaml(proposal.workflow, proposal.lines, heading=_heading(proposed)),
    }


def _line_as_json(line: Line, declared: bool) -> dict[str, Any]:
    return {
        "key": line.key,
        "at": line.place,
        "value": line.value,
        "seen": line.seen,
        "of": line.of,
        "units": line.units,
        "rare": line.rare,
        "note": line.note,
        "declared": declared,
    }


def _heading(proposed: Proposed) -> list[str]:
    proposal = proposed.proposal
    left_out = [f"Left out: {one.place}: {one.why}" for one in proposal.left_out]
    return [
        f"Learned from {proposal.runs} clean runs of {proposal.workflow}: {proposal.events} events.",
        *left_out,
    ]
