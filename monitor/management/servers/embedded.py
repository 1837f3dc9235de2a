"""Which servers a start brings along: none where the environment names one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from monitor.management.servers.home import Home
from monitor.management.servers.postgres import Postgres
from monitor.management.servers.problems import GaveUp
from monitor.management.servers.redis import Redis
from monitor.management.servers.supervisor import Supervisor

READY_TIMEOUT_SECONDS = 60.0
_RELOAD_TIMEOUT_SECONDS = 10.0


def start_servers(supervisor: Supervisor, home: Home, say: Callable[[str], None]) -> Mapping[str, str]:
    """Starts what DATABASE_URL and REDIS_URL do not name and returns these variables for the programs."""
    found = {}
    redis = None if os.environ.get("REDIS_URL") else Redis(home, say)
    postgres = None if os.environ.get("DATABASE_URL") else Postgres(home, say)
    if postgres is not None:
        supervisor.keep(postgres.prepare(), is_server=True)
        found["DATABASE_URL"] = postgres.url
    if redis is not None:
        supervisor.keep(redis.prepare(), is_server=True)
        _await_redis(supervisor, redis, say)
        found["REDIS_URL"] = redis.url
    if postgres is not None:
        supervisor.until(postgres.ready, what=postgres.name, timeout_seconds=READY_TIMEOUT_SECONDS)
    return found


@contextmanager
def servers(home: Home) -> Iterator[Mapping[str, str]]:
    """Brings the servers up for the length of a block, for tests and measurements."""
    with home.locked("servers alone"), Supervisor(home, lambda _: None) as supervisor:
        home.end_leftovers()
        found = start_servers(supervisor, home, lambda _: None)
        with supervisor.unattended():
            yield found


def _await_redis(supervisor: Supervisor, redis: Redis, say: Callable[[str], None]) -> None:
    """Waits for it; where it cannot read its data, begins with none: the database still has the work."""
    try:
        supervisor.until(redis.ready, what=redis.name, timeout_seconds=_RELOAD_TIMEOUT_SECONDS)
    except GaveUp:
        redis.set_aside()
        say(f"Redis could not read its data: it was set aside in {redis.data}, and nothing is lost by it.")
        supervisor.until(redis.ready, what=redis.name, timeout_seconds=READY_TIMEOUT_SECONDS)
