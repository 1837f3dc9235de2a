"""oversized-context: the context has grown past its limit."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.detection.anomaly import Finding
from monitor.detection.context_map import DEFAULT_SIZE_LIMIT_BYTES
from monitor.detection.rule import Guide, Rule, Scene


class OversizedContext(Rule):
    """Finds a snapshot that is larger than the limit as compact UTF-8 JSON.

    Why it matters: a context that only grows slows every step down, hits the limits of queues and
    state stores, and mostly holds what no later step needs, other people's data included.

    Leaking: a history export puts all 9,000 rows into the context instead of a reference to them.

    Clean: 820 kB under the default limit of 1,048,576 bytes.

    False positives: a workflow that is rightly large. Set `size_limit_bytes` in its map.

    Source: RULES.md, Integrity; MAPS.md, `size_limit_bytes`.
    """

    id = "oversized-context"
    title = "The context is too large"
    says = "The context of run {run_id} is {observed} bytes at {place}, over its limit of {expected}"
    severity = "warning"
    kind = "state"
    guide = Guide(
        summary="The snapshot as compact UTF-8 JSON is larger than size_limit_bytes (1,048,576 unless the "
        "map says otherwise).",
        why="A context that only grows slows every step down and hits the limits of queues and state "
        "stores; most of it is needed by no later step.",
        leaking="A history export puts all its rows into the context instead of a reference to them.",
        clean="A context of 820 kB under the default limit.",
        false_positives="A workflow that is rightly large: set size_limit_bytes in its map.",
        fix=(
            "See which step made it grow: the first event over the limit and the one before it.",
            "Store the large part outside and carry a reference to it.",
            "Drop what later steps do not read, and declare it under drops.",
        ),
        source="RULES.md, Integrity",
    )

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at the root where the snapshot is over the limit; sizes are in bytes."""
        limit = DEFAULT_SIZE_LIMIT_BYTES
        if scene.context_map is not None:
            limit = scene.context_map.size_limit_bytes
        size = scene.snapshot.size_bytes_over(limit)
        if size is not None:
            yield self.finding(scene, (), expected=limit, observed=size)
