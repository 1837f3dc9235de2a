"""What was found in each recording, read through the API, and where it differs from what was labelled."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.management.demo.client import Client
from monitor.management.demo.recording import Recording

_SEVERITIES = {"critical": 3, "high": 2, "warning": 1}


@dataclass(frozen=True, slots=True)
class Found:
    """One recording's part of the outcome: its anomalies, and the incidents they stand in."""

    recording: Recording
    anomalies: tuple[dict[str, Any], ...]

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """(rule, run id) of every anomaly."""
        return frozenset((anomaly["rule"], anomaly["run_id"]) for anomaly in self.anomalies)

    @property
    def incidents(self) -> frozenset[str]:
        """Keys of the incidents that its anomalies stand in."""
        return frozenset(anomaly["incident"] for anomaly in self.anomalies if anomaly["incident"])


def found_in(client: Client, recording: Recording) -> Found:
    """Reads the anomalies of this play's runs, workflow by workflow."""
    anomalies = [
        anomaly
        for workflow in sorted(recording.workflows)
        for anomaly in client.every("/api/v1/anomalies", workflow=workflow, limit="200")
        if anomaly["run_id"] in recording.run_ids
    ]
    return Found(recording, tuple(anomalies))


def differences(found: Found, known_rules: Collection[str]) -> Iterator[str]:
    """Where the outcome is not what the labels say, for the rules that exist; in words."""
    recording = found.recording
    expected = {pair for pair in recording.expected if pair[0] in known_rules}
    for rule, run in sorted(expected - found.pairs):
        yield f"{recording.name}: {rule} was not found in run {run}"
    for rule, run in sorted(found.pairs - expected - recording.also_allowed):
        yield f"{recording.name}: {rule} was found in run {run}, where nothing is wrong"
    for anomaly in found.anomalies:
        if anomaly["incident"] is None:
            yield f"{recording.name}: {anomaly['rule']} in run {anomaly['run_id']} stands in no incident"
            return


def worst(incidents: Collection[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The incident to look at first: by severity, then by how many people it concerns."""
    return max(
        incidents,
        key=lambda one: (
            _SEVERITIES.get(one["severity"], 0),
            one["sessions"],
            one["rule"] == "foreign-session",
            one["runs"],
        ),
        default=None,
    )
