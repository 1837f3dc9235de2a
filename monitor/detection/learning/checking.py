"""Judges the history that a map was learned from by that map, and takes out the lines that report something."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from monitor.detection.anomaly import Anomaly
from monitor.detection.context_map import ContextMap
from monitor.detection.event import Event
from monitor.detection.history import judge_all
from monitor.detection.learning.as_yaml import as_yaml
from monitor.detection.learning.proposal import LeftOut, Line
from monitor.detection.maps import parse_map
from monitor.detection.paths import compile_path

Blamed = Callable[[Line, Anomaly], bool]


def _is_of(*sections: str) -> Blamed:
    return lambda line, _: line.at[0] in sections


def _is_of_identity(kind: str) -> Blamed:
    return lambda line, _: line.at == ("identity", kind)


def _is_of_step(list_name: str) -> Blamed:
    return lambda line, anomaly: line.at == ("steps", anomaly.step, list_name)


def _is_private(line: Line, anomaly: Anomaly) -> bool:
    return line.at == ("private",) and _covers(line, anomaly)


def _covers(line: Line, anomaly: Anomaly) -> bool:
    names = compile_path(str(line.value)).prefix or ()
    place = compile_path(anomaly.path).plan or ()
    return place[: len(names)] == names


BLAME: Mapping[str, Blamed] = {
    "execution-id-changed": _is_of_identity("execution_id"),
    "foreign-session": _is_of_identity("session"),
    "foreign-tenant": _is_of_identity("tenant"),
    "identity-lost": _is_of("identity"),
    "foreign-value": _is_private,
    "residue-at-start": _is_of("inputs"),
    "residue-at-end": _is_of("cleanup"),
    "undeclared-write": _is_of_step("writes"),
    "undeclared-resource": _is_of_step("resources"),
    "lost-field": _is_of("steps"),
    "branch-interference": _is_of("parallel"),
    "lost-update": _is_of("parallel"),
    "parent-overwritten": _is_of("children"),
    "child-overreach": _is_of("children"),
    "missing-input": _is_of("children"),
    "silent-failure": _is_of("children"),
}
"""Which lines make a rule speak. A rule that is not here speaks of what is never proposed."""


def checked(
    lines: Sequence[Line],
    *,
    events: Sequence[Event],
    runs: Collection[str],
    workflow: str,
    maps: Mapping[str, ContextMap],
) -> tuple[Sequence[Line], Sequence[LeftOut]]:
    """The lines that report nothing in these of the runs, and what was taken out for it.

    `events` are those of the runs and of their relatives; in the runs `maps`, those in force, find nothing.
    """
    removed: list[LeftOut] = []
    kept = list(lines)
    while True:
        proposed = parse_map(as_yaml(workflow, kept), workflow=workflow)
        new = [one for one in judge_all(events, {**maps, workflow: proposed}) if one.run_id in runs]
        blamed = _blamed(kept, new)
        if not blamed:
            return kept, removed
        removed += _left_out(blamed, new)
        kept = [line for line in kept if line not in blamed]


def _blamed(lines: Sequence[Line], new: Sequence[Anomaly]) -> Sequence[Line]:
    """The lines that make the anomalies' rules speak; none where the rules rest on what is not proposed."""
    blamed = [line for line in lines if any(_is_blamed(line, one) for one in new)]
    if not blamed and any(one.rule == "foreign-value" for one in new):
        # A proven value takes others along, which stand at paths that are not private.
        blamed = [line for line in lines if line.at == ("private",)]
    return blamed


def _is_blamed(line: Line, anomaly: Anomaly) -> bool:
    blamed = BLAME.get(anomaly.rule)
    return blamed is not None and blamed(line, anomaly)


def _left_out(blamed: Iterable[Line], new: Sequence[Anomaly]) -> list[LeftOut]:
    """One entry for each list that lines are taken out of."""
    found: dict[str, LeftOut] = {}
    for line in blamed:
        rules = sorted({one.rule for one in new if _is_blamed(line, one)} or {"foreign-value"})
        first = next(one for one in new if one.rule in rules)
        why = (
            f"with it, {', '.join(rules)} would speak in this very history: "
            f"first in run {first.run_id} at {first.step}.{first.phase}, {first.path}"
        )
        found.setdefault(line.place, LeftOut(line.place, why))
    return list(found.values())
