"""A plain sentence with the names in it set apart: values, runs, steps, paths, resources."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.metrics.words import duration
from monitor.models import Anomaly, Run

SHORTEST_SECONDS = 0.001
"""What is closer together than this is "right after": senders' clocks say no more."""

_OWNERS = {"foreign-session": "Session", "foreign-tenant": "Tenant", "execution-id-changed": "Execution id"}


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a sentence; `kind` is text, code, step or run."""

    text: str
    kind: str = "text"


def parts_of(sentence: str, names: Mapping[str, str]) -> tuple[Part, ...]:
    """Cuts a sentence at the names that stand in it as whole words, longest first; `names` maps each to its kind.

    The parts joined give the sentence again.
    """
    known = sorted((name for name in names if len(name) > 1), key=len, reverse=True)
    if not known:
        return (Part(sentence),)
    pattern = re.compile(r"(?<![\w.$-])(" + "|".join(map(re.escape, known)) + r")(?![\w-])")
    parts = []
    end = 0
    for found in pattern.finditer(sentence):
        if found.start() > end:
            parts.append(Part(sentence[end : found.start()]))
        parts.append(Part(found[1], names[found[1]]))
        end = found.end()
    if end < len(sentence):
        parts.append(Part(sentence[end:]))
    return tuple(parts)


def headline(anomaly: Anomaly, source_run: Run | None) -> tuple[Part, ...]:
    """The one sentence of an incident: whose data, into which run, where, through what, how much later."""
    if anomaly.rule in _OWNERS and anomaly.source_run_id:
        return (*_whose(anomaly), *_entered(anomaly), *_through(anomaly), *_when(anomaly, source_run), Part("."))
    if anomaly.rule in ("residue-at-start", "uncleared-field") and anomaly.source_run_id:
        return (*_left_over(anomaly), *_when(anomaly, source_run), *_through(anomaly), Part("."))
    return parts_of(anomaly.message, names_in(anomaly))


def names_in(anomaly: Anomaly) -> dict[str, str]:
    """What stands out in the sentence of an anomaly, and how."""
    resource = anomaly.source_resource or ""
    names = {
        anomaly.path: "code",
        anomaly.source_path or "": "code",
        resource: "code",
        anomaly.step: "step",
        anomaly.source_step or "": "step",
        anomaly.run.run_id: "run",
        anomaly.source_run_id or "": "run",
    }
    for value in (anomaly.expected, anomaly.observed):
        if isinstance(value, str):
            names.setdefault(value, "code")
    return {name: kind for name, kind in names.items() if name}


def _whose(anomaly: Anomaly) -> Iterator[Part]:
    yield Part(f"{_OWNERS[anomaly.rule]} ")
    yield Part(value_text(anomaly.observed), "code")
    part = _holder(anomaly.path)
    if part and anomaly.rule != "execution-id-changed":
        yield Part(f"’s {part.replace('_', ' ')}")


def _entered(anomaly: Anomaly) -> Iterator[Part]:
    yield Part(" entered run ")
    yield Part(anomaly.run.run_id, "run")
    yield Part(" at ")
    yield Part(anomaly.step, "step")


def _left_over(anomaly: Anomaly) -> Iterator[Part]:
    yield Part("Run ")
    yield Part(anomaly.run.run_id, "run")
    yield Part(" started with " if anomaly.rule == "residue-at-start" else " still holds ")
    yield Part(anomaly.path, "code")
    yield Part(" at ")
    yield Part(anomaly.step, "step")
    yield Part(", left over from run ")
    yield Part(anomaly.source_run_id or "", "run")


def _through(anomaly: Anomaly) -> Iterator[Part]:
    if anomaly.source_resource:
        store, _, key = anomaly.source_resource.partition(":")
        yield Part(f", through {store} key ")
        yield Part(key, "code")


def _when(anomaly: Anomaly, source_run: Run | None) -> Iterator[Part]:
    if anomaly.leak_class == "scoping":
        yield Part(", within its family, from run ")
        yield Part(anomaly.source_run_id or "", "run")
        return
    ended = source_run.last_at if source_run and anomaly.leak_class == "temporal" else None
    if ended is not None and ended <= anomaly.occurred_at:
        seconds = (anomaly.occurred_at - ended).total_seconds()
        apart = duration(seconds) if seconds >= SHORTEST_SECONDS else ""
        if anomaly.rule in _OWNERS:
            yield Part(f", {apart or 'right'} after run ")
            yield Part(anomaly.source_run_id or "", "run")
            yield Part(" had ended")
        else:
            yield Part(f", which had ended {apart or 'right'} before")
    elif anomaly.leak_class == "spatial" and anomaly.rule in _OWNERS:
        yield Part(", while run ")
        yield Part(anomaly.source_run_id or "", "run")
        yield Part(" was at work")


def value_text(value: Any) -> str:
    """A value in a sentence: a string as it is, long ones without their middle."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 48 else f"{text[:30]}…{text[-12:]}"


def _holder(path: str) -> str:
    """The name of the object that the path's last member stands in; empty at the root."""
    names = [plain or quoted for plain, quoted in re.findall(r"\.([^.\[\]]+)|\['([^']*)'\]", path)]
    return names[-2] if len(names) > 1 else ""
