"""What all application processes together hold in memory after a while under load."""

from __future__ import annotations

from benchmarks.driving import loaded_system, send_at_once
from benchmarks.result import Result

BATCHES = 60
_SERVERS = ("postgres", "redis-server")
_MIB = 1024 * 1024


def measure() -> list[Result]:
    """Resident MiB of web, workers and beat; what processes share counts once (PSS)."""
    with loaded_system() as (system, templates):
        send_at_once(system, templates.take(BATCHES), senders=2)
        system.settle()
        processes = [one for one in system.processes() if one.name() not in _SERVERS]
        shared = sum(one.memory_full_info().pss for one in processes) / _MIB
        counted = sum(one.memory_info().rss for one in processes) / _MIB
        params = {"processes": len(processes), "rss_mib": round(counted, 1), **system.params}
    return [Result("memory", round(shared, 1), "MiB", higher_is_better=False, params=params)]
