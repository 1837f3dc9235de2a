"""`manage.py play_recordings`: the demo's player; `manage.py demo` starts it beside the running program."""

from __future__ import annotations

import sys
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from monitor.management.demo.client import Refused
from monitor.management.demo.play import Stage, Unsettled, play, stage
from monitor.management.demo.telling import summary
from monitor.management.servers.port import local_address


class Command(BaseCommand):
    """Plays every recording once; then keeps its webhook receiver listening, or with --once ends with 0 or 1."""

    help = "Plays recordings of real programs to the Crosstalk that runs on HOST and PORT."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """One option."""
        parser.add_argument("--once", action="store_true", help="end with a JSON line instead of listening on")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        """Plays."""
        address = f"http://{local_address(settings.HOST)}:{settings.PORT}"
        with stage(address=address, base_url=settings.BASE_URL, now=timezone.now(), say=self._say) as there:
            code = self._play(there, once=once)
            if once:
                sys.exit(code)
            self._say(f"Crosstalk serves on {settings.BASE_URL}. Ctrl-C stops it.")
            threading.Event().wait()

    def _play(self, there: Stage, *, once: bool) -> int:
        try:
            outcome = play(there, now=timezone.now())
        except (Refused, Unsettled) as error:
            self.stderr.write(f"The play did not come to its end: {error}")
            return 1
        for line in summary(outcome, there.setting):
            self._say(line)
        for difference in outcome.differences:
            self.stderr.write(difference)
        if once:
            self._say(outcome.as_json())
        return 1 if outcome.differences else 0

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
