"""Whether rows are due: what the sweeper asks."""

from __future__ import annotations

from datetime import datetime

from monitor.models import Notification, Work
from monitor.services import crowd


def work_is_due(*, now: datetime) -> bool:
    """Whether any run of any project is to be judged by now."""
    return Work.objects.filter(not_before__lte=now).exists()


def crowds_are_due(*, now: datetime) -> bool:
    """Whether the runs of any project are to be judged together by now."""
    return bool(crowd.projects_due(now=now))


def alerts_are_due(*, now: datetime) -> bool:
    """Whether any notification is to be tried by now."""
    return Notification.objects.filter(status=Notification.Status.PENDING, next_try_at__lte=now).exists()
