"""`manage.py prepare`: what must be so before anything is served: tables, static files, a first login."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from monitor.checks import CORE
from monitor.models import Membership
from monitor.services.actor import SYSTEM
from monitor.services.projects import add_member, create_project

LOGIN = "admin"


class Command(BaseCommand):
    """Migrates the database and collects the static files; safe to repeat."""

    help = "Migrates the database, collects static files and, with --first-login, makes a first administrator."
    requires_system_checks = [CORE]

    def add_arguments(self, parser: CommandParser) -> None:
        """One option."""
        parser.add_argument(
            "--first-login",
            metavar="FILE",
            type=Path,
            help="where there is no user yet: make an administrator and a project, write name and password here",
        )

    def handle(self, *args: Any, first_login: Path | None, **options: Any) -> None:
        """Prepares."""
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        users = get_user_model().objects
        if first_login is None or users.exists():
            return
        password = secrets.token_urlsafe(12)
        now = timezone.now()
        user = users.create_superuser(username=LOGIN, password=password)
        project = create_project(name="My project", by=SYSTEM, now=now)
        add_member(project=project, user=user, role=Membership.Role.ADMIN, now=now)
        with open(os.open(first_login, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump({"login": LOGIN, "password": password}, out)
