"""The memory of a check does not grow with the size of what is read; measured in a process of its own."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories import event_dict
from tests.ingestion.checking import ROOT

EVENTS, EVENT_BYTES = 20_000, 2_000
MOST_GROWTH_BYTES = 45_000_000
"""Held as they are, the 40 MB of events would take some 200 MB."""

READ = """
import sys
from monitor.management.check.opening import Opener
from monitor.management.check.reading import Reading
from monitor.management.check.spool import Spool

def peak():
    # What getrusage says would begin at the peak of the tests, which started this process.
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(status["VmHWM"].split()[0]) * 1024

before = peak()
with Spool() as spool:
    reading = Reading(spool, Opener(lambda _: None))
    reading.read_events(sys.argv[1])
    read = sum(len(spool.events(run_id)) for run_id in spool.run_ids)
    print(read, len(spool.run_ids), len(reading.complaints), peak() - before)
"""


def many() -> Iterator[str]:
    """Events of 2,000 runs, fifty at a time, with contexts that hardly compress."""
    chance = random.Random(7)
    for number in range(EVENTS):
        run = number // 500 * 50 + number % 50
        noise = {f"member {n}": f"{chance.getrandbits(64):x}" for n in range(EVENT_BYTES // 35)}
        context = {"session_id": f"s-{run}", "noise": noise}
        yield json.dumps(event_dict(event_id=f"e-{number}", run_id=f"r-{run}", context=context))


@pytest.mark.parametrize("form", ["lines", "array", "gzip"])
def test_events_are_read_in_bounded_memory(tmp_path, form):
    path = tmp_path / "many"
    write(path, form)
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    read, runs, complaints, growth = map(int, done.stdout.split())
    assert (read, runs, complaints) == (EVENTS, 2_000, 0)
    assert growth < MOST_GROWTH_BYTES


def write(path: Path, form: str) -> None:
    if form == "gzip":
        path.write_bytes(gzip.compress("\n".join(many()).encode(), compresslevel=1))
    else:
        between, ends = (",\n", "[]") if form == "array" else ("\n", ("", ""))
        path.write_text(ends[0] + between.join(many()) + ends[1])
