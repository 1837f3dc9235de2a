"""Whether an incident shows a leak, a race or a loss, decided from its runs; or that they do not tell.

A value with an owner has leaked. Otherwise runs with the same input are compared: corruption that is
always the same comes from somewhere, and one that varies comes from the order in which things
happened. Source: docs/verdicts.md.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

VerdictKind = Literal["leak", "race", "loss", "not_enough_evidence"]
Origin = Literal["another", "itself"]
"""Whose a leaked value was: another run's, or one that an attempt, iteration or branch of the same run had."""

LOSSES = frozenset({"identity-lost", "lost-field", "lost-update", "missing-input"})
"""What these rules find is gone, whatever stands there now."""
WITHOUT_VALUE = frozenset({
    "oversized-context", "residue-at-end", "run-id-reused", "silent-failure", "uncompensated-failure",
    "undeclared-resource", "undeclared-write", "unscoped-key",
})  # fmt: skip
"""What these rules find is a broken promise and no wrong value, so there is nothing to compare runs by."""

COMPARED_RUNS = 2
"""So many affected runs with one input are a comparison."""
BESIDE_CLEAN_RUNS = 3
"""So many runs with one input, affected and clean ones together, are one where no two affected ones share it."""


@dataclass(frozen=True, slots=True)
class AffectedRun:
    """What one run of an incident tells.

    `wrong` stands for what the run holds at the incident's path, equal for equal values; `missing`
    where that is nothing and something was expected. `origin` is whose the value was, None where
    that was not seen or the rule is about a broken promise. `leaks` unless the anomaly's class is
    integrity. `given` and `output` are digests of the run's input and output, None where they are
    not known or say nothing. `fingerprinted` values compare with such alone. `gaps` counts the
    missing sequence numbers.
    """

    wrong: Hashable
    missing: bool = False
    origin: Origin | None = None
    leaks: bool = True
    given: bytes | None = None
    output: bytes | None = None
    fingerprinted: bool = False
    gaps: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict, the number of `runs` that it rests on, and why, in one or two sentences.

    `gaps` counts the sequence numbers that are missing from the runs looked at.
    """

    kind: VerdictKind
    runs: int
    because: str
    gaps: int = 0

    @property
    def evidence_incomplete(self) -> bool:
        """Whether events of these runs never arrived, so that a late one may still change what is said."""
        return self.gaps > 0


def decide(rule: str, runs: Sequence[AffectedRun], *, clean: Mapping[bytes, int] | None = None) -> Verdict:
    """The verdict on an incident of this rule; the order of the runs means nothing.

    `clean` says by input how many runs of the workflow had it and nothing wrong. Evidence may be
    left out where it is costly: what is known only ever turns "not enough evidence" into another verdict.
    """
    kind, rests_on, because = _decided(rule, runs, clean or {})
    return Verdict(kind, rests_on, because, sum(run.gaps for run in runs))


def _decided(rule: str, runs: Sequence[AffectedRun], clean: Mapping[bytes, int]) -> tuple[VerdictKind, int, str]:
    total, traced = len(runs), [run for run in runs if run.origin and not run.missing]
    if rule in LOSSES and runs:
        return "loss", total, f"{_in(total, total)} {_LOST}"
    if traced:
        return "leak", len(traced), f"{_in(len(traced), total)} {_whose(traced)}"
    gone = sum(run.missing for run in runs)
    if gone and rule not in WITHOUT_VALUE and 2 * gone > total:
        return "loss", gone, f"{_in(gone, total)} {_LOST}"
    if rule in WITHOUT_VALUE:
        return "not_enough_evidence", total, _NO_VALUE
    groups = _by_input(runs)
    return _alike(groups) or _beside(groups, clean) or ("not_enough_evidence", total, _too_few(runs))


def _by_input(runs: Iterable[AffectedRun]) -> dict[tuple[bytes, bool], list[AffectedRun]]:
    groups: dict[tuple[bytes, bool], list[AffectedRun]] = {}
    for run in runs:
        if run.given is not None:
            groups.setdefault((run.given, run.fingerprinted), []).append(run)
    return groups


def _alike(groups: Mapping[tuple[bytes, bool], Sequence[AffectedRun]]) -> tuple[VerdictKind, int, str] | None:
    """What affected runs with one input say of each other."""
    compared = [group for group in groups.values() if len(group) >= COMPARED_RUNS]
    if not compared:
        return None
    rests_on, varying = sum(map(len, compared)), sum(map(_varies, compared))
    kind: VerdictKind = "race" if varying else "leak"
    if len(compared) == 1:
        outcome = "different wrong outcomes" if varying else "the same wrong outcome every time"
        return kind, rests_on, f"{rests_on:,} runs had the same input and {outcome}."
    some = f"{varying:,} of these inputs gave different wrong outcomes"
    said = some if varying else "each of these inputs gave the same wrong outcome every time"
    return kind, rests_on, f"{rests_on:,} runs had {len(compared):,} inputs among them, and {said}."


def _varies(group: Sequence[AffectedRun]) -> bool:
    outputs = {run.output for run in group} - {None}
    return len({run.wrong for run in group}) > 1 or len(outputs) > 1


def _beside(
    groups: Mapping[tuple[bytes, bool], Sequence[AffectedRun]], clean: Mapping[bytes, int]
) -> tuple[VerdictKind, int, str] | None:
    """What clean runs with the input of an affected one say; nothing of a leak, which need not hit every run."""
    inputs = wrong = right = 0
    for (given, _), group in groups.items():
        if not any(run.leaks for run in group) and len(group) + clean.get(given, 0) >= BESIDE_CLEAN_RUNS:
            inputs, wrong, right = inputs + 1, wrong + len(group), right + clean.get(given, 0)
    if not wrong:
        return None
    said = "The same input" if inputs == 1 else f"The same {inputs:,} inputs"
    return "race", wrong + right, f"{said} ended right in {_count(right, 'run')} and wrong in {wrong:,}."


_LOST = "what should stand there is gone. What is lost has not leaked."
_NO_VALUE = "The rule finds a broken promise and no wrong value, so there is nothing to compare runs by."


def _whose(traced: Sequence[AffectedRun]) -> str:
    origins = {run.origin for run in traced}
    if origins == {"another"}:
        return "the wrong value was traced to another run, whose it was."
    if origins == {"itself"}:
        return "the wrong value was traced to an earlier attempt or iteration, or another branch, of the same run."
    return "the wrong value was traced to another run or to an earlier part of the same one."


def _too_few(runs: Sequence[AffectedRun]) -> str:
    if not runs:
        return "No affected run is left to look at."
    if len(runs) == 1:
        return f"Only 1 run is affected, and a comparison needs {COMPARED_RUNS} with the same input."
    unknown = sum(run.given is None for run in runs)
    if unknown:
        return (
            f"Of {len(runs):,} affected runs the input of {unknown:,} is not known, and no two others share one."
        )
    return f"No two of the {len(runs):,} affected runs had the same input, so they cannot be compared."


def _in(some: int, total: int) -> str:
    if total == 1:
        return "In the only affected run"
    return f"In all {total:,} runs" if some == total else f"In {some:,} of {total:,} runs"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
