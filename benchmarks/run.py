"""`make bench [ONLY=name]`: measures, prints a table and writes benchmarks/results.json."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    crowd,
    detect_core,
    growth,
    index_lookup,
    ingest_batch,
    ingest_single,
    judge_sustained,
    latency,
    memory,
)
from benchmarks.result import Result, table, write

RESULTS = Path(__file__).resolve().parent / "results.json"
BENCHMARKS: dict[str, Callable[[], list[Result]]] = {
    "detect-core": detect_core.corpus_events_per_second,
    "detect-long-run": detect_core.next_event_seconds,
    "detect-big-context": detect_core.big_context_seconds,
    "index-lookup": index_lookup.measure,
    "crowd-pass": crowd.measure,
    "ingest-batch": ingest_batch.measure,
    "ingest-single": ingest_single.measure,
    "judge-sustained": judge_sustained.measure,
    "latency": latency.measure,
    "memory": memory.measure,
    "growth": growth.measure,
}


def main() -> int:
    """Exit code 0; 2 for a benchmark that does not exist."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", metavar="NAME", help=", ".join(BENCHMARKS))
    only = parser.parse_args().only
    if only is not None and only not in BENCHMARKS:
        print(f"There is no benchmark {only}: {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    results: list[Result] = []
    for name, measure in BENCHMARKS.items():
        if only in {None, name}:
            print(f"{name} ...", flush=True)
            results += measure()
    write(results, RESULTS)
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
