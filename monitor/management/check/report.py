"""What one check found, as every format of the answer sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from monitor.detection.anomaly import Anomaly
from monitor.detection.context_map import ContextMap
from monitor.management.check.spool import Place

SEVERITIES = ("warning", "high", "critical")
FOUND_NOTHING, FOUND_SOMETHING, UNREADABLE, INTERRUPTED = 0, 1, 2, 130
"""The exit codes; what could not be read outweighs what was found, for it may hide more."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that could not be read; `line` is None and `field` empty where it is the file as a whole."""

    file: str
    line: int | None
    field: str
    error: str


@dataclass(frozen=True, slots=True)
class Report:
    """The answer: `events` are counted once each, `workflows` are those that the events name.

    `files` are the files of events as they were named, `maps` the maps in force by workflow, `place`
    finds the file and line of an event by its id, and `fail_on` is the least severity that fails.
    """

    events: int
    runs: int
    workflows: Sequence[str]
    files: Sequence[str]
    maps: Mapping[str, ContextMap]
    anomalies: Sequence[Anomaly]
    complaints: Sequence[Complaint]
    place: Callable[[str], Place | None]
    fail_on: str = "warning"

    def fails(self, anomaly: Anomaly) -> bool:
        """Whether the anomaly is at or above the threshold."""
        return SEVERITIES.index(anomaly.severity) >= SEVERITIES.index(self.fail_on)

    @property
    def exit_code(self) -> int:
        """0 where nothing is at or above the threshold, 1 where something is, 2 where something was not read."""
        if self.complaints:
            return UNREADABLE
        return FOUND_SOMETHING if any(map(self.fails, self.anomalies)) else FOUND_NOTHING
