"""`manage.py make_key NAME`: a project with an API key, for scripts that set a Crosstalk up."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from monitor.models import ApiKey, Project
from monitor.services.actor import SYSTEM
from monitor.services.keys import create_key
from monitor.services.projects import create_project


class Command(BaseCommand):
    """Prints the key once; with DEMO_API_KEY in the environment it is that one."""

    help = "Makes an API key with all scopes in the project of that name, which is made where it is missing."

    def add_arguments(self, parser: CommandParser) -> None:
        """One argument."""
        parser.add_argument("project", metavar="PROJECT", help="name of the project")

    def handle(self, *args: Any, project: str, **options: Any) -> None:
        """Makes it."""
        now = timezone.now()
        found = Project.objects.filter(name=project).first() or create_project(name=project, by=SYSTEM, now=now)
        _, token = create_key(
            project=found,
            name="made by make_key",
            scopes=ApiKey.Scope.values,
            by=SYSTEM,
            now=now,
            token=settings.DEMO_API_KEY or None,
        )
        self.stdout.write(token)
