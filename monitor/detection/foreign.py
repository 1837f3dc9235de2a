"""What the two rules about a foreign session and a foreign tenant have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from monitor.detection.anomaly import Finding
from monitor.detection.rule import Rule, Scene
from monitor.detection.values import differs


class ForeignOwner(Rule):
    """Finds a session or tenant in the context that is not the run's own.

    What an ancestor asserted is the run's own too (EVENTS.md, "Own identity of a run"); where that
    cannot be compared with what stands in the context, nothing follows.
    """

    severity = "critical"
    kind = "state"
    blame = "owner"
    leak_class = None
    moment = "strange"
    identity: ClassVar[Literal["session", "tenant"]]

    def judge(self, scene: Scene) -> Iterable[Finding]:
        """A finding at each place that names another session or tenant."""
        own = scene.own.of(self.identity)
        if own is None:
            return
        suspects = [mark for mark in scene.snapshot.marks if mark.kind == self.identity and mark.text != own]
        if not suspects:
            return
        inherited = [ancestor.asserted.of(self.identity) for ancestor in scene.kin.ancestors]
        rightful = [own, *(one for one in inherited if one is not None)]
        for mark in suspects:
            if all(differs(mark.text, one) for one in rightful):
                yield self.finding(scene, mark.location, expected=own, observed=mark.value, wants=mark.text)
