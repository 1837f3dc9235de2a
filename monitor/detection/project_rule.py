"""What the rules that look at many runs of a project at once have in common.

They are not fed event by event. Each has a module of its own that is asked once the runs are known:
`canaries`, `divergence`, `keys` and `people`.
"""

from __future__ import annotations

from collections.abc import Iterable

from monitor.detection.anomaly import Finding
from monitor.detection.rule import Rule, Scene


class ProjectRule(Rule):
    """A rule about a run among others; one event of one run does not show it."""

    moment = "never"

    def judge(self, scene: Scene) -> Iterable[Finding]:  # noqa: ARG002 - the question of the other rules
        """Nothing: a run alone does not show it."""
        return ()
