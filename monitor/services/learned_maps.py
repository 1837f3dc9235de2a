"""Adopting a proposed map: a person's act, which puts a new version in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitor.detection.learning.merging import merged
from monitor.detection.learning.proposal import Line
from monitor.models import MapVersion, Project
from monitor.queries.learned_maps import propose
from monitor.services.actor import Actor
from monitor.services.maps import MapMoved, put_map


class ProposalChanged(Exception):
    """What is proposed is no longer what was looked at: look again."""


class UnknownLines(ValueError):
    """Keys that no line of the proposal has; `keys` are all of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__("no such lines")
        self.keys = tuple(keys)


def adopt(
    *, project: Project, workflow: str, digest: str, keys: Sequence[str] | None, by: Actor, now: datetime
) -> MapVersion:
    """Puts the map in force with the proposal's lines added that it does not declare yet; gives the version.

    `keys` pick lines of the proposal, None all of them. What people declared stays as it is. Where nothing is to
    be added the version in force is given back. `digest` is that of the proposal that was looked
    at: raises ProposalChanged for another, UnknownLines, and detection.maps.MapError where the map would
    become too large.
    """
    proposed = propose(project, workflow)
    if proposed.digest != digest or not proposed.proposal.lines:
        raise ProposalChanged
    lines = _picked(proposed.proposal.lines, keys)
    version = proposed.version
    text = merged(version.text if version else None, lines, workflow=workflow)
    try:
        return put_map(
            project=project,
            workflow=workflow,
            text=text,
            by=by,
            now=now,
            replaces=version.number if version else 0,
        )
    except MapMoved as error:
        raise ProposalChanged from error


def _picked(lines: Sequence[Line], keys: Sequence[str] | None) -> list[Line]:
    if keys is None:
        return list(lines)
    known = {line.key for line in lines}
    unknown = [key for key in keys if key not in known]
    if unknown:
        raise UnknownLines(unknown)
    return [line for line in lines if line.key in set(keys)]
