"""schema-drift: the context breaks the schema of its version, or its version goes back."""

from __future__ import annotations

import re
from collections.abc import Iterable

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import ContextMap
from monitor.detection.rule import Guide, Rule, Scene
from monitor.detection.schemas import broken_at
from monitor.detection.values import identity_text, is_fingerprint

_NUMBER = re.compile(r"([0-9]+)")


class SchemaDrift(Rule):
    """Finds a context that breaks the JSON Schema of its own version, or whose version goes back.

    Why it matters: a step reads a shape that is no longer, or not yet, there. A version that goes back
    says that an old worker, or a value from an old run, has written over a newer one.

    Leaking: a worker of the last release reads `v10`, knows only `v9`, and leaves with `$._version: v9`;
    a context that calls itself `v10` has no `$.patient.id`.

    Clean: `v9` becomes `v10` with the shape of `v10`; a version without a schema in the map.

    False positives: a schema that is stricter than what the workflow promises. Loosen it, or raise the
    version where the shape changes.

    Source: RULES.md, Integrity; MAPS.md, `schema_version` and `schemas`.
    """

    id = "schema-drift"
    title = "The context is not what its version says"
    says = "Run {run_id} has {observed} at {place}, which does not fit version {expected}"
    severity = "high"
    kind = "state"
    needs = "schema_version, schemas"
    guide = Guide(
        summary="The context breaks the JSON Schema of the version that it names, or its version is lower "
        "than it was before on the line.",
        why="A step reads a shape that is no longer, or not yet, there; a version that goes back says that an "
        "old worker or an old value has written over a newer one.",
        leaking="A worker of the last release takes $._version from v10 back to v9; a context that calls itself "
        "v10 has no $.patient.id.",
        clean="v9 becomes v10 together with the shape of v10.",
        false_positives="A schema that is stricter than what the workflow promises: loosen it, or raise the "
        "version where the shape changes.",
        fix=(
            "Find the step before the first such event, and the release of the worker that ran it.",
            "Bring every worker that shares this context to one release, or let the old ones refuse a version "
            "that they do not know.",
            "Convert in one place, at the step's boundary, and set the version together with the shape.",
            "If the shape was meant to change, give it a version and a schema of its own in the map.",
        ),
        source="RULES.md, Integrity",
    )

    def speaks(self, context_map: ContextMap | None) -> bool:
        """Where the map declares what the rule needs."""
        return context_map is not None and context_map.schema_version is not None

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding where the version goes back, and at each place that breaks the version's schema."""
        context_map = scene.context_map
        if context_map is None or context_map.schema_version is None:
            return
        found = context_map.schema_version.find(scene.event.context)
        version = identity_text(found[0][1]) if found else None
        if version is None:
            return
        before = scene.earlier("version").get("")
        if before is not None and _goes_back(before[1][0], version):
            yield self.finding(scene, found[0][0], expected=before[1][1], observed=found[0][1])
        scene.note("version", [""], (version, found[0][1]))
        schema = context_map.schemas.get(version)
        if schema is None:
            return
        for location in broken_at(schema, scene.event.context, partial=scene.event.partial):
            yield self.finding(scene, location, expected=found[0][1], observed=scene.snapshot.at(location))


def _goes_back(before: str, after: str) -> bool:
    """Whether a version is lower; numbers inside versions compare as numbers."""
    if is_fingerprint(before) or is_fingerprint(after):
        return False
    return _ordered(after) < _ordered(before)


def _ordered(version: str) -> list[tuple[int, int, str]]:
    """Compares like the version: a number by its digits, however many, and below any other text."""
    parts = enumerate(_NUMBER.split(version))
    return [_number(part) if index % 2 else (1, 0, part) for index, part in parts if part]


def _number(digits: str) -> tuple[int, int, str]:
    plain = digits.lstrip("0")
    return 0, len(plain), plain
