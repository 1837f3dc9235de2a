"""A context map, parsed: what a workflow declares about its context. Source: MAPS.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from monitor.detection.identity import Kind
from monitor.detection.paths import Path

DEFAULT_SIZE_LIMIT_BYTES = 1_048_576

Paths = tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class IdentityPaths:
    """Where this workflow's context names its identity, and where it only looks so."""

    execution_id: Paths = ()
    session: Paths = ()
    tenant: Paths = ()
    ignore: Paths = ()

    def of(self, kind: Kind) -> Paths:
        """The paths of one kind."""
        if kind == "execution_id":
            return self.execution_id
        return self.session if kind == "session" else self.tenant


@dataclass(frozen=True, slots=True)
class At:
    """When a promise holds: at `run.start`, `run.end`, `any`, or a step's enter or exit."""

    when: Literal["run.start", "run.end", "any", "step"]
    step: str | None = None
    phase: str | None = None


@dataclass(frozen=True, slots=True)
class MustBeClear:
    """A field that must be absent or empty at a moment."""

    path: Path
    at: At


@dataclass(frozen=True, slots=True)
class StepPromise:
    """What a step declares; None is "not listed, not judged", an empty tuple allows nothing."""

    reads: Paths | None = None
    writes: Paths | None = None
    drops: Paths | None = None
    resources: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Parallel:
    """Branches that run at the same time, and the step that joins them."""

    branches: tuple[str, ...]
    join: str


@dataclass(frozen=True, slots=True)
class ChildPromise:
    """What a child workflow gets and gives; `requires` are paths of the child, the rest the parent's."""

    passes: Paths = ()
    requires: Paths = ()
    returns: Paths = ()
    error_paths: Paths = ()


@dataclass(frozen=True, slots=True)
class Frozen:
    """A path that keeps its value from the exit of one step to the exit of another."""

    path: Path
    start: str
    until: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A step that saves a path and the one that loads it again."""

    save: str
    load: str
    path: Path


@dataclass(frozen=True, slots=True)
class ContextMap:
    """Every key of MAPS.md, typed, with its paths compiled. `digest` names this version of it.

    `inputs` is None where the map does not list them: residue at the start is judged only where it
    does. `schemas` holds JSON Schemas by version, as written.
    """

    workflow: str
    digest: str
    risk: Literal["high", "medium", "low"] | None = None
    owner: str | None = None
    identity: IdentityPaths = IdentityPaths()
    private: Paths = ()
    inputs: tuple[str, ...] | None = None
    cleanup: tuple[str, ...] = ()
    must_be_clear: tuple[MustBeClear, ...] = ()
    steps: Mapping[str, StepPromise] = field(default_factory=dict)
    parallel: tuple[Parallel, ...] = ()
    children: Mapping[str, ChildPromise] = field(default_factory=dict)
    frozen: tuple[Frozen, ...] = ()
    per_iteration: Paths = ()
    checkpoints: tuple[Checkpoint, ...] = ()
    reconcile: tuple[tuple[Path, Path], ...] = ()
    compensations: Mapping[str, str] = field(default_factory=dict)
    schema_version: Path | None = None
    schemas: Mapping[str, Any] = field(default_factory=dict)
    size_limit_bytes: int = DEFAULT_SIZE_LIMIT_BYTES
    deterministic: bool = False
    scoped_keys: bool = False
