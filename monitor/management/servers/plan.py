"""From Django's settings to the supervisor's plan, and from its troubles to exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from django.conf import settings

from monitor.management.servers.problems import CannotStart, GaveUp, Stopped
from monitor.management.servers.stack import Plan


def plan_of_settings(env: Mapping[str, str] | None = None) -> Plan:
    """What the environment asks for."""
    return Plan(
        base_dir=settings.BASE_DIR,
        home_dir=settings.HOME_DIR,
        host=settings.HOST,
        port=settings.PORT,
        base_url=settings.BASE_URL,
        web_processes=settings.WEB_PROCESSES,
        web_threads=settings.WEB_THREADS,
        worker_processes=settings.WORKER_PROCESSES,
        env=env or {},
    )


def exit_code_of(work: Callable[[], int]) -> int:
    """Runs the work; a start that cannot be is 2, a program that does not stay up 1, a wished end 0."""
    try:
        return work()
    except (CannotStart, GaveUp) as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except Stopped as stopped:
        return stopped.exit_code
