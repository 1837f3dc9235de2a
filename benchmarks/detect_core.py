"""How fast the pure detection core judges: the corpus, a long run's next event, a big context.

One process on one core, in processor time; no database, no broker. `compiled` says whether the core was
(`make native`); one that was made from other sources is never used.
`python -m benchmarks.detect_core` prints the figures.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.result import Result, table
from monitor.detection import collector
from monitor.detection.catalogue import CATALOGUE
from monitor.detection.compiled import in_use
from monitor.detection.engine import Judgement, advance, judge_run
from monitor.detection.event import Event
from monitor.detection.history import judge_all
from monitor.detection.holdings import Watch
from monitor.detection.identity import Kin
from tests.detection.samples import Sample, event, scenario, scenario_names

ROUNDS = 3
TURNS = 7
NEXT_EVENTS = 200
BIG_CONTEXT_BYTES = 1_000_000


def measure() -> list[Result]:
    """Every figure of the core, each the best of several rounds."""
    return [*corpus_events_per_second(), *next_event_seconds(), *big_context_seconds()]


def corpus_events_per_second() -> list[Result]:
    """Whole catalogue over the recorded corpus, sources included, in events a second."""
    collector.spare()
    samples = [scenario(name) for name in scenario_names()]
    events = sum(len(sample.events) for sample in samples)
    # The recordings are the benchmark's, not the core's: the collector need not walk them again and again.
    gc.collect()
    gc.freeze()
    seconds = _best(lambda: _judge(samples))
    gc.unfreeze()
    params = {"events": events, "scenarios": len(samples), "rules": len(CATALOGUE), "cores": 1}
    return [_figure("detect-core", events / seconds, "events/s", params, higher_is_better=True)]


def _judge(samples: list[Sample]) -> None:
    for sample in samples:
        judge_all(sample.events, sample.maps)


def next_event_seconds() -> list[Result]:
    """What one more event costs after 10 and after 10,000 steps of a run, and their ratio.

    The two are measured in turns: what else the machine does then weighs on both.
    """
    states = {steps: _state_after(steps) for steps in (10, 10_000)}
    best = dict.fromkeys(states, float("inf"))
    for _ in range(TURNS):
        for steps, state in states.items():
            best[steps] = min(best[steps], _seconds(partial(_go_on, state, steps)) / NEXT_EVENTS)
    early, late = best.values()
    return [
        _figure("detect-long-run", late * 1e6, "us/event", {"steps": 10_000}, higher_is_better=False),
        _figure("detect-long-run-ratio", late / early, "x", {"steps": [10, 10_000]}, higher_is_better=False),
    ]


def _state_after(steps: int) -> bytes:
    past = [_step(number) for number in range(steps)]
    return judge_run(past, context_map=None, kin=Kin(), watch=Watch()).state


def _go_on(state: bytes, steps: int) -> None:
    for number in range(steps, steps + NEXT_EVENTS):
        state = _advanced(state, _step(number)).state


def _advanced(state: bytes, one: Event) -> Judgement:
    judgement = advance(state, [one], context_map=None, kin=Kin(), watch=Watch())
    if judgement is None:
        raise RuntimeError("the state could not be advanced")
    return judgement


def _step(number: int) -> Event:
    context = {
        "execution_id": "x-1",
        "session_id": "s-1",
        "cart": {"items": [{"sku": f"k{item}", "qty": item} for item in range(10)], "n": number},
        "customer": {"email": "ann@example.org", "tier": "gold"},
    }
    moment = f"Step{number // 2 % 20}.{'exit' if number % 2 else 'enter'}"
    return event(moment, context, at=number, sequence=number, execution_id="x-1")


def big_context_seconds() -> list[Result]:
    """One snapshot of a megabyte, judged from scratch."""
    row = {"id": 1, "name": "x" * 60, "owner": {"email": "ann@example.org"}}
    context = {"session_id": "s-1", "rows": [row] * (BIG_CONTEXT_BYTES // 110)}
    one = event("Load.exit", context)
    seconds = _best(lambda: judge_run([one], context_map=None, kin=Kin(), watch=Watch()))
    params = {"bytes": BIG_CONTEXT_BYTES}
    return [_figure("detect-big-context", seconds * 1e3, "ms", params, higher_is_better=False)]


def _best(work: Callable[[], object]) -> float:
    return min(_seconds(work) for _ in range(ROUNDS))


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _figure(name: str, value: float, unit: str, params: dict[str, Any], *, higher_is_better: bool) -> Result:
    return Result(name, float(f"{value:.4g}"), unit, higher_is_better, {**params, "compiled": in_use()})


if __name__ == "__main__":
    print(table(measure()))
