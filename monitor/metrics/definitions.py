"""What an incident's times mean: detected, acknowledged, resolved, and what counts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.metrics.summary import Summary, summarise

COUNTED = ("open", "acknowledged", "mitigated", "known", "resolved")
STILL_OPEN = ("open", "acknowledged", "mitigated", "known")


@dataclass(frozen=True, slots=True)
class IncidentTimes:
    """What the metrics need of one incident.

    `occurred_at` is by the sender's clock (the first leaking event), the others by the server's.
    """

    status: str
    occurred_at: datetime
    detected_at: datetime
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of some incidents; durations in seconds, None where nothing was measured.

    `incidents` = resolved + `still_open`; `waiting` and `known` are parts of `still_open`. `false_positives` and
    `withdrawn` stand outside. `clock_ahead` incidents were detected before they occurred by the sender's clock.
    """

    incidents: int
    still_open: int
    waiting: int
    mitigated: int
    known: int
    false_positives: int
    withdrawn: int
    clock_ahead: int
    detect: Summary
    acknowledge: Summary
    resolve: Summary

    @property
    def resolved(self) -> int:
        """How many of the incidents are resolved."""
        return self.incidents - self.still_open

    @property
    def worked_on(self) -> int:
        """How many somebody has acknowledged and nobody has mitigated, resolved or marked as known yet."""
        return self.still_open - self.waiting - self.mitigated - self.known


def counts(incident: IncidentTimes) -> bool:
    """Say whether the incident is in the figures: neither withdrawn nor a false positive."""
    return not incident.withdrawn and incident.status in COUNTED


def seconds_to_detect(incident: IncidentTimes) -> float:
    """Give detected - occurred; a sender's clock ahead of ours gives 0, never a negative time."""
    return _seconds(incident.detected_at - incident.occurred_at)


def seconds_to_acknowledge(incident: IncidentTimes) -> float | None:
    """Give acknowledged - detected; None until somebody acknowledged it."""
    if incident.acknowledged_at is None:
        return None
    return _seconds(incident.acknowledged_at - incident.detected_at)


def seconds_to_resolve(incident: IncidentTimes) -> float | None:
    """Give resolved - detected; None while it is not resolved, also when it was before and was reopened."""
    if incident.status != "resolved" or incident.resolved_at is None:
        return None
    return _seconds(incident.resolved_at - incident.detected_at)


def figures(incidents: Iterable[IncidentTimes]) -> Figures:
    """Compute the figures of these incidents: the definition that the SQL is held against.

    Source: docs/metrics.md.
    """
    everything = list(incidents)
    standing = [incident for incident in everything if not incident.withdrawn]
    counted = [incident for incident in standing if counts(incident)]

    def having(*statuses: str) -> int:
        return sum(incident.status in statuses for incident in standing)

    return Figures(
        incidents=len(counted),
        still_open=having(*STILL_OPEN),
        waiting=having("open"),
        mitigated=having("mitigated"),
        known=having("known"),
        false_positives=having("false_positive"),
        withdrawn=len(everything) - len(standing),
        clock_ahead=sum(incident.detected_at < incident.occurred_at for incident in counted),
        detect=summarise(seconds_to_detect(incident) for incident in counted),
        acknowledge=summarise(_present(seconds_to_acknowledge(incident) for incident in counted)),
        resolve=summarise(_present(seconds_to_resolve(incident) for incident in counted)),
    )


def _seconds(span: timedelta) -> float:
    return max(0.0, span.total_seconds())


def _present(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
