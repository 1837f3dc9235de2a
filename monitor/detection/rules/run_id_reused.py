"""run-id-reused: one run id stands for several runs."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.detection.anomaly import Finding
from monitor.detection.rule import Guide, Rule, Scene


class RunIdReused(Rule):
    """Finds a run id with two asserted execution ids or, without those, two asserted sessions.

    Why it matters: traces, logs and stored results of two runs are mixed up under one id, and a
    retry or a lookup by that id reaches the wrong one. The runs behind the id are judged apart.

    Leaking: run ids are `export-w2-00001`, counted from 1 in each process; the worker restarts, and
    a new run gets the id of an old one with another execution id.

    Clean: a restarted worker takes a run up again, with the same run id and the same execution id.

    False positives: a sender that asserts a new execution id for each attempt of one run. Assert
    the run's, and keep the attempt's in `attributes`.

    Source: RULES.md, Identity and "How often a rule fires".
    """

    id = "run-id-reused"
    title = "One run id for several runs"
    says = "Run id {run_id} was used again: {place} asserts {observed}, the run before asserted {expected}"
    severity = "high"
    kind = "run"
    needs = "asserted identity"
    guide = Guide(
        summary="One run id carries two asserted execution ids, or two asserted sessions.",
        why="Logs, traces and stored results of two runs are mixed up under one id, and whatever looks "
        "a run up by it reaches the wrong one.",
        leaking="A counter starts at 1 in each process; after a restart a new run gets an old run's id.",
        clean="A restarted worker takes a run up again with the same run id and execution id.",
        false_positives="A sender that asserts a new execution id for each attempt: assert the run's, "
        "and put the attempt's into attributes.",
        fix=(
            "Make run ids unique in themselves: a UUID, or the counter with host, process and start time in it.",
            "Refuse to start a run whose id is already there.",
            "Look at what is keyed by the run id (results, locks, caches) for these runs and separate it.",
        ),
        source="RULES.md, Identity",
    )

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at the first event that asserts another run, for each after the first."""
        reused = scene.reused
        if reused is not None and reused.event_id == scene.event.event_id:
            yield self.finding(scene, (), expected=reused.first, observed=reused.this)
