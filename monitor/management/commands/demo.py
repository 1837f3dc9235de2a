"""`manage.py demo`: a running Crosstalk with recorded workflows played into it (make demo)."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from monitor.management.servers.plan import exit_code_of, plan_of_settings
from monitor.management.servers.stack import running

LOOPBACK = "127.0.0.0/8"


class Command(BaseCommand):
    """Serves until Ctrl-C, or with --once checks what was found and ends with 0 or 1."""

    help = "Starts everything, plays recordings of real programs through the API and says what was found."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """One option."""
        parser.add_argument("--once", action="store_true", help="check what was found, print one JSON line, end")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        """Plays."""
        sys.exit(exit_code_of(lambda: self._play(once=once)))

    def _play(self, *, once: bool) -> int:
        allowed = ",".join([*settings.OUTBOUND_ALLOWED_NETWORKS, LOOPBACK])
        plan = plan_of_settings({"OUTBOUND_ALLOWED_NETWORKS": allowed})
        with running(plan, self._say, with_login=False) as stack:
            code = stack.supervisor.run(
                stack.manage("play_recordings", *(["--once"] if once else []), on_terminal=True)
            )
            if once:
                return code
            self._say("The player has ended; Crosstalk itself goes on. Ctrl-C stops it.")
            stack.supervisor.forever()
        return 0

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
