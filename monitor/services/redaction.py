"""The redaction policy of a project, put in force."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.models import Project
from monitor.services.actor import Actor

logger = logging.getLogger(__name__)


def put_policy(*, project: Project, policy: Mapping[str, Any], by: Actor, now: datetime) -> None:
    """Stores a policy that was checked already; it applies to events that arrive from now on.

    What is stored stays as it is. `now` is the server's time.
    """
    project.redaction = dict(policy)
    project.redaction_changed_at, project.redaction_changed_by = now, by.label
    project.save(update_fields=["redaction", "redaction_changed_at", "redaction_changed_by"])
    logger.info("a redaction policy was put", extra={"project": str(project.uuid), "by": by.label})
