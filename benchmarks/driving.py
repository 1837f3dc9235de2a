"""Drives a whole system under the benchmarks' load, and checks that exactly the leaks in it were found."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from statistics import median
from urllib.parse import quote

from benchmarks.load import BATCH_EVENTS, EXPECTED_RULES, MAP, MAPPED, Templates
from benchmarks.system import System, system

TEMPLATE_RUNS = 1_000
ROUNDS = 5


@contextmanager
def loaded_system() -> Iterator[tuple[System, Templates]]:
    """A fresh system with the load's map in force, and bodies to send it."""
    templates = Templates(TEMPLATE_RUNS)
    with system() as fresh:
        connection = fresh.connection()
        fresh.call(
            connection, "PUT", f"/api/v1/workflows/{MAPPED}/map", MAP.encode(), Content_Type="application/yaml"
        )
        connection.close()
        yield fresh, templates


def send(system: System, bodies: Iterable[bytes]) -> None:
    """Posts bodies one after the other over one connection; raises RuntimeError where an event was not taken."""
    connection = system.connection()
    for body in bodies:
        answer = system.call(connection, "POST", "/api/v1/events", body, Content_Type="application/x-ndjson")
        if answer["accepted"] != BATCH_EVENTS:
            raise RuntimeError(f"not every event was accepted: {answer}")
    connection.close()


def send_at_once(system: System, bodies: list[bytes], *, senders: int) -> float:
    """The same over several connections; the seconds until the last one was answered."""
    return at_once([partial(send, system, bodies[one::senders]) for one in range(senders)])


def at_once(work: Iterable[Callable[[], None]]) -> float:
    """Runs functions in threads of their own; the seconds until all have ended. Raises what one of them raised."""
    failures: list[Exception] = []

    def guarded(one: Callable[[], None]) -> None:
        try:
            one()
        except Exception as error:  # it is raised again in the caller's thread
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(one,)) for one in work]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return time.monotonic() - began


def middle(measure: Callable[[], float], rounds: int = ROUNDS) -> float:
    """The median of several rounds."""
    return median(measure() for _ in range(rounds))


def check_found(system: System, templates: Templates) -> int:
    """How many leaking runs were found; raises RuntimeError unless exactly those were that leak, by both rules."""
    system.settle()
    for rule in sorted(EXPECTED_RULES):
        found = runs_with(system, rule)
        if found != templates.leaking:
            missed, false = len(templates.leaking - found), len(found - templates.leaking)
            raise RuntimeError(f"{rule}: {missed} leaking runs missed, {false} others accused")
    everything = runs_with(system, None)
    if everything != templates.leaking:
        raise RuntimeError(f"{len(everything - templates.leaking)} clean runs were accused by other rules")
    return len(templates.leaking)


def runs_with(system: System, rule: str | None) -> set[str]:
    """The runs with an anomaly of a rule, or of any."""
    connection, found, cursor = system.connection(), set(), ""
    while True:
        query = f"limit=200&cursor={quote(cursor)}" if cursor else "limit=200"
        page = system.call(connection, "GET", f"/api/v1/anomalies?{query}{f'&rule={rule}' if rule else ''}")
        found |= {one["run_id"] for one in page["items"]}
        cursor = page["next"] or ""
        if not cursor:
            connection.close()
            return found
