"""Parses and checks a context map, whole: every problem is reported with its line and key.

Source: MAPS.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from monitor.detection.context_map import (
    DEFAULT_SIZE_LIMIT_BYTES,
    At,
    Checkpoint,
    ChildPromise,
    ContextMap,
    Frozen,
    IdentityPaths,
    MustBeClear,
    Parallel,
    Paths,
    StepPromise,
)
from monitor.detection.map_reading import NAME_REQUIRED, NAMES_REQUIRED, PATH_REQUIRED, Reading, Record, Required
from monitor.detection.map_source import Entry, MapError, MapProblem, read_source
from monitor.detection.values import value_key

__all__ = ["ContextMap", "MapError", "MapProblem", "parse_map"]


def parse_map(text: str, *, workflow: str | None = None) -> ContextMap:
    """The map in `text` (YAML or JSON), checked against MAPS.md; where `workflow` is given, one of that.

    Raises MapError with every problem found: unknown keys, wrong types, paths that do not parse,
    keys and steps given twice, another workflow.
    """
    source, twice = read_source(text)
    reading = Reading()
    reading.problems.extend(twice)
    parsed = _context_map(reading, source)
    if workflow is not None and parsed.workflow and parsed.workflow != workflow:
        line = source.name_lines.get("workflow", source.line)
        reading.complain(line, "workflow", f'must be "{workflow}", the workflow that the map is for')
    if reading.problems:
        raise MapError(tuple(sorted(reading.problems, key=lambda problem: problem.line or 0)))
    return parsed


def _context_map(r: Reading, source: Entry) -> ContextMap:
    top = r.record(source, "$")
    _version(r, top)
    parsed = ContextMap(
        workflow=top.take("workflow", r.name, NAME_REQUIRED),
        digest=value_key(source.plain()).hex(),
        risk=top.take("risk", _risk, None),
        owner=top.take("owner", r.name, None),
        identity=top.take("identity", _record(_identity), IdentityPaths()),
        private=top.take("private", r.paths, ()),
        inputs=top.take("inputs", r.names, None),
        cleanup=top.take("cleanup", r.names, ()),
        must_be_clear=top.take("must_be_clear", r.each(_record(_must_be_clear)), ()),
        steps=top.take("steps", r.named(_record(_step, empty=True)), {}),
        parallel=top.take("parallel", r.each(_record(_parallel)), ()),
        children=top.take("children", r.named(_record(_child, empty=True)), {}),
        frozen=top.take("frozen", r.each(_record(_frozen)), ()),
        per_iteration=top.take("per_iteration", r.paths, ()),
        checkpoints=top.take("checkpoints", r.each(_record(_checkpoint)), ()),
        reconcile=top.take("reconcile", r.each(r.pair), ()),
        compensations=top.take("compensations", r.named(r.name), {}),
        schema_version=top.take("schema_version", r.path, None),
        schemas=top.take("schemas", r.named(r.schema), {}),
        size_limit_bytes=top.take("size_limit_bytes", r.positive, DEFAULT_SIZE_LIMIT_BYTES),
        deterministic=top.take("deterministic", r.flag, False),
        scoped_keys=top.take("scoped_keys", r.flag, False),
    )
    top.done()
    return parsed


def _version(r: Reading, top: Record) -> None:
    version = top.take("version", r.positive, Required(1))
    if version != 1:
        top.complain("version", "only version 1 of the context map is known")


def _risk(entry: Entry, key: str, r: Reading) -> Literal["high", "medium", "low"] | None:
    match entry.value:
        case "high" | "medium" | "low" as risk:
            found: Literal["high", "medium", "low"] = risk
            return found
    r.complain(entry.line, key, "must be high, medium or low")
    return None


Build = Callable[[Reading, Record], Any]


def _record(build: Build, *, empty: bool = False) -> Callable[[Entry, str, Reading], Any]:
    def read(entry: Entry, key: str, reading: Reading) -> Any:
        record = reading.record(entry, key, empty=empty)
        built = build(reading, record)
        record.done()
        return built

    return read


def _identity(r: Reading, record: Record) -> IdentityPaths:
    return IdentityPaths(
        execution_id=record.take("execution_id", r.paths, ()),
        session=record.take("session", r.paths, ()),
        tenant=record.take("tenant", r.paths, ()),
        ignore=record.take("ignore", r.paths, ()),
    )


def _must_be_clear(r: Reading, record: Record) -> MustBeClear:
    return MustBeClear(
        path=record.take("path", r.path, PATH_REQUIRED), at=record.take("at", _moment, Required(At("any")))
    )


def _moment(entry: Entry, key: str, r: Reading) -> At:
    match entry.value:
        case "run.start" | "run.end" | "any":
            return At(entry.value)
        case str(text):
            step, dot, phase = text.rpartition(".")
            if step and dot and phase in ("enter", "exit"):
                return At("step", step, phase)
    r.complain(entry.line, key, "must be STEP.enter, STEP.exit, run.start, run.end or any")
    return At("any")


def _step(r: Reading, record: Record) -> StepPromise:
    return StepPromise(
        reads=record.take("reads", r.paths, None),
        writes=record.take("writes", r.paths, None),
        drops=record.take("drops", r.paths, None),
        resources=record.take("resources", r.names, None),
    )


def _parallel(r: Reading, record: Record) -> Parallel:
    return Parallel(
        branches=record.take("branches", r.names, NAMES_REQUIRED), join=record.take("join", r.name, NAME_REQUIRED)
    )


def _child(r: Reading, record: Record) -> ChildPromise:
    def paths(name: str) -> Paths:
        found: Paths = record.take(name, r.paths, ())
        return found

    return ChildPromise(paths("passes"), paths("requires"), paths("returns"), paths("error_paths"))


def _frozen(r: Reading, record: Record) -> Frozen:
    return Frozen(
        path=record.take("path", r.path, PATH_REQUIRED),
        start=record.take("from", r.name, NAME_REQUIRED),
        until=record.take("until", r.name, NAME_REQUIRED),
    )


def _checkpoint(r: Reading, record: Record) -> Checkpoint:
    return Checkpoint(
        save=record.take("save", r.name, NAME_REQUIRED),
        load=record.take("load", r.name, NAME_REQUIRED),
        path=record.take("path", r.path, PATH_REQUIRED),
    )


def by_workflow(maps: tuple[ContextMap, ...]) -> Mapping[str, ContextMap]:
    """The maps by the workflow each is about; raises MapError where one workflow has two."""
    found: dict[str, ContextMap] = {}
    for one in maps:
        if one.workflow in found:
            raise MapError((MapProblem(None, "workflow", f"two maps for workflow {one.workflow}"),))
        found[one.workflow] = one
    return found
