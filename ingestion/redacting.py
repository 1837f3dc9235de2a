"""The redaction of a project's events at the door."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache

from ingestion.redaction.policy import Policy, parse_policy
from ingestion.redaction.redactor import Redactor
from monitor.detection.event import Event
from monitor.models import Project


def redacted(project: Project, events: Iterable[Event]) -> list[Event]:
    """The events as the project wants them stored; the policy came with the project, so nothing is asked."""
    redactor = redactor_of(project)
    return [redactor.redacted(event) for event in events]


def redactor_of(project: Project) -> Redactor:
    """The redactor of the project's policy in force, under its key."""
    return _redactor(json.dumps(project.redaction), bytes(project.redaction_key))


def policy_of(project: Project) -> Policy:
    """The project's policy in force; the defaults where none was ever put."""
    return parse_policy(project.redaction)


@lru_cache(maxsize=256)
def _redactor(policy: str, key: bytes) -> Redactor:
    return Redactor(parse_policy(json.loads(policy)), key)
