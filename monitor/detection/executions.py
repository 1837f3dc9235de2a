"""The times that the steps of a run were at work: which exit ends what was entered when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from monitor.detection.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Execution:
    """One time that a step was at work: the snapshots that it was entered and left with, where seen.

    At least one of the two is there.
    """

    step: str
    enter: Snapshot | None
    exit: Snapshot | None

    def entered_by(self, moment: datetime) -> bool:
        """Whether it is known to have begun by a moment, by the sender's clock."""
        return self.enter is not None and self.enter.event.occurred_at <= moment

    def left_before(self, moment: datetime) -> bool:
        """Whether it is known to have ended before a moment, by the sender's clock."""
        return self.exit is not None and self.exit.event.occurred_at < moment


def executions_of(snapshots: Iterable[Snapshot]) -> tuple[Execution, ...]:
    """The executions of a run's steps by their first event; the snapshots come in the order of the run.

    An exit ends the latest execution of its step, attempt and branch that was not left yet.
    """
    found: list[tuple[Snapshot | None, Snapshot | None]] = []
    waiting: dict[tuple[str, int, str | None], list[int]] = {}
    for snapshot in snapshots:
        event = snapshot.event
        unleft = waiting.setdefault((event.step, event.attempt, event.branch), [])
        if event.phase == "enter":
            unleft.append(len(found))
            found.append((snapshot, None))
        elif unleft:
            place = unleft.pop()
            found[place] = found[place][0], snapshot
        else:
            found.append((None, snapshot))
    return tuple(Execution(_step(enter or exit_), enter, exit_) for enter, exit_ in found)


def _step(snapshot: Snapshot | None) -> str:
    return snapshot.event.step if snapshot is not None else ""
