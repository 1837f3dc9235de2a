"""The demo's outcome as lines for people and as one JSON line for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.management.demo.outcome import Found
from monitor.management.demo.setting import Setting

_COLUMNS = ("recording", "events", "runs", "anomalies", "incidents")


@dataclass(frozen=True, slots=True)
class Outcome:
    """All of it. `differences` is empty when everything that should be found was, and nothing else."""

    found: Sequence[Found]
    incidents: int
    alerts_delivered: int
    seconds_to_first_incident: float | None
    worst_title: str
    url: str
    differences: Sequence[str]

    @property
    def events(self) -> int:
        """How many different events were played."""
        return sum(_events(one) for one in self.found)

    def as_json(self) -> str:
        """The line that `make demo ONCE=1` ends with."""
        fields: dict[str, Any] = {
            "events": self.events,
            "incidents": self.incidents,
            "alerts_delivered": self.alerts_delivered,
            "seconds_to_first_incident": self.seconds_to_first_incident,
            "url": self.url,
        }
        return json.dumps(fields)


def summary(outcome: Outcome, setting: Setting) -> Iterator[str]:
    """The table and what to do next."""
    rows = [tuple(str(cell) for cell in row) for row in _rows(outcome)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    yield ""
    for number, row in enumerate(rows):
        cells = [
            row[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        yield "  " + "  ".join(cells).rstrip()
        if number in {0, len(rows) - 2}:
            yield "  " + "  ".join("-" * width for width in widths)
    yield ""
    yield f"  Alerts delivered to the demo's own receiver, signature verified: {outcome.alerts_delivered}"
    if outcome.incidents and not outcome.alerts_delivered:
        yield "  (its incidents were open from an earlier play and go on: nobody is alerted twice)"
    if outcome.worst_title:
        yield f"  The worst of it: {outcome.worst_title}"
    yield f"  Look at it:      {outcome.url}"
    yield f"  Login:           {setting.login}   password: {setting.password}"
    yield f"  API key:         {setting.key}"
    yield ""


def _rows(outcome: Outcome) -> Iterator[tuple[object, ...]]:
    yield _COLUMNS
    for one in outcome.found:
        runs = len(one.recording.run_ids)
        yield one.recording.name, _events(one), runs, len(one.anomalies), len(one.incidents)
    anomalies = sum(len(one.anomalies) for one in outcome.found)
    runs = sum(len(one.recording.run_ids) for one in outcome.found)
    yield "together", outcome.events, runs, anomalies, outcome.incidents


def _events(found: Found) -> int:
    return len({event["event_id"] for event in found.recording.events})
