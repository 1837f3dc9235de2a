"""Projects and who belongs to them."""

from __future__ import annotations

import logging
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from monitor.models import Membership, Project
from monitor.services.actor import Actor

logger = logging.getLogger(__name__)

_SLUG_CHARS = 50
_MAX_SAME_SLUGS = 1000


def create_project(
    *, name: str, by: Actor, now: datetime, slug: str | None = None, time_zone: str = "UTC"
) -> Project:
    """A new project; the person who made it is its first admin.

    Without a slug one is made from the name, numbered where it is taken. `time_zone` is an IANA
    name. Raises ValueError for an unknown zone, an empty name or a slug that is taken.
    """
    if not name.strip():
        raise ValueError("a project needs a name")
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("not a time zone: give an IANA name such as Europe/Berlin") from error
    wanted = slug or slugify(name)[:_SLUG_CHARS] or "project"
    candidates = [wanted] if slug else [wanted, *(f"{wanted}-{n}" for n in range(2, _MAX_SAME_SLUGS))]
    for candidate in candidates:
        project = _try_create(name.strip(), candidate, time_zone, by, now)
        if project is not None:
            logger.info("a project was created", extra={"project": str(project.uuid), "by": by.label})
            return project
    raise ValueError("this slug is taken: choose another")


def _try_create(name: str, slug: str, time_zone: str, by: Actor, now: datetime) -> Project | None:
    if Project.objects.filter(slug=slug).exists():
        return None
    try:
        with transaction.atomic():
            project = Project.objects.create(name=name, slug=slug, time_zone=time_zone, created_at=now)
            if by.user is not None:
                add_member(project=project, user=by.user, role=Membership.Role.ADMIN, now=now)
    except IntegrityError:
        return None
    return project


def add_member(*, project: Project, user: User, role: str, now: datetime) -> Membership:
    """Gives a person a role in a project; one who is a member already gets the new role.

    Raises ValueError for an unknown role.
    """
    if role not in Membership.Role.values:
        raise ValueError(f"a role is one of {', '.join(Membership.Role.values)}")
    membership, _ = Membership.objects.update_or_create(
        project=project, user=user, defaults={"role": role}, create_defaults={"role": role, "created_at": now}
    )
    return membership
