"""`make bench [ONLY=name]`: measures, prints a table and writes benchmarks/results.json."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import crowd, detect_core, index_lookup, ingest_batch, latency
from benchmarks.result import Result, table, write
from benchmarks.system import System, system

RESULTS = Path(__file__).resolve().parent / "results.json"
ALONE: dict[str, Callable[[], list[Result]]] = {
    "detect-core": detect_core.corpus_events_per_second,
    "detect-long-run": detect_core.next_event_seconds,
    "detect-big-context": detect_core.big_context_seconds,
    "index-lookup": index_lookup.measure,
    "crowd-pass": crowd.measure,
}
ON_A_SYSTEM: dict[str, Callable[[System], list[Result]]] = {
    "ingest-batch": ingest_batch.measure,
    "latency": latency.measure,
}


def main() -> int:
    """Exit code 0; 2 for a benchmark that does not exist."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", metavar="NAME", help=", ".join([*ALONE, *ON_A_SYSTEM]))
    only = parser.parse_args().only
    if only is not None and only not in {*ALONE, *ON_A_SYSTEM}:
        print(f"There is no benchmark {only}: {', '.join([*ALONE, *ON_A_SYSTEM])}.", file=sys.stderr)
        return 2
    results: list[Result] = []
    for name, measure in ALONE.items():
        if only in {None, name}:
            print(f"{name} ...", flush=True)
            results += measure()
    for name, measure_on in ON_A_SYSTEM.items():
        if only in {None, name}:
            print(f"{name} ...", flush=True)
            with system() as fresh:
                results += measure_on(fresh)
    write(results, RESULTS)
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
