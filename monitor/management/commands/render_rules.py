"""`manage.py render_rules`: writes docs/rules.md, or with --check says whether it is up to date."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitor.detection.catalogue import CATALOGUE
from monitor.management.rules_page import render


class Command(BaseCommand):
    """Renders the catalogue; needs no database."""

    help = "Writes docs/rules.md from the rules in the catalogue."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """One option."""
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail where the page is not up to date"
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        """Renders."""
        page, text = settings.BASE_DIR / "docs" / "rules.md", render(CATALOGUE)
        if not check:
            page.write_text(text)
        elif not page.exists() or page.read_text() != text:
            raise CommandError("docs/rules.md is not what the rules say: run `make docs`.")
