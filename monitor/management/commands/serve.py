"""`manage.py serve`: the whole program, with the servers that the environment does not name."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from monitor.management.servers.plan import exit_code_of, plan_of_settings
from monitor.management.servers.stack import running


class Command(BaseCommand):
    """Serves until Ctrl-C; exit code 0 when asked to stop, 1 when something does not stay up, 2 before a start."""

    help = "Runs web, worker and beat, and PostgreSQL and Redis where DATABASE_URL and REDIS_URL are not set."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Serves."""
        sys.exit(exit_code_of(self._serve))

    def _serve(self) -> int:
        plan = plan_of_settings()
        with running(plan, self._say, with_login=True) as stack:
            self._say(f"Crosstalk serves on {plan.base_url} (logs in {plan.home_dir}/log). Ctrl-C stops it.")
            if stack.first_login:
                login = stack.first_login
                self._say(f"First login: {login['login']}   password: {login['password']}   (shown only now)")
            stack.supervisor.forever()
        return 0

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
